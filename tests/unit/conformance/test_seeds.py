"""The app that the check of seeds has in its hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.conformance.seeds import code
from sidecar.core.seeds import Seed

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "otp-vectors.json").read_text())[
    "rfc6238_appendix_b"
]


@pytest.mark.parametrize("row", VECTORS["rows"], ids=lambda row: f"{row['mode']}-{row['time']}")
def test_its_codes_are_those_of_the_standard(row: dict[str, str]) -> None:
    """Every vector of RFC 6238 appendix B shows the code that is printed there."""
    secret = bytes.fromhex(VECTORS["secret_hex"][row["mode"]])
    seed = Seed(secret, row["mode"], 8)  # type: ignore[arg-type]
    assert code(seed, datetime.fromtimestamp(int(row["time"]), UTC)) == {"code": row["totp"]}
