"""When and for whom all samples are."""

from datetime import UTC, datetime

NOW = datetime(2026, 3, 14, 13, 58, 20, tzinfo=UTC)
ACCOUNT = "ada.lovelace@example.com"
HELP = "Service desk, extension 4711"
