"""What the log says of a plugin that failed."""

import pytest
from structlog.testing import capture_logs

from sidecar.core.errors import PluginFailed
from sidecar.web.outages import report


def broken() -> None:
    try:
        int("s3cret")
    except ValueError as cause:
        raise PluginFailed("factor 'push': raised: ValueError") from cause


def test_the_log_says_where_and_not_what() -> None:
    """A failure shows the factor, the kind of error, file and line, and no value of it."""
    with pytest.raises(PluginFailed) as failure:
        broken()
    with capture_logs() as lines:
        report(failure.value, "req-1")
        report(PluginFailed("factor 'push': nonsense: NoneType"))
    first, second = lines
    assert first["event"] == "plugin.failed"
    assert first["request_id"] == "req-1"
    assert first["place"].startswith("test_outages.py:")
    assert second["place"] == ""
    assert "s3cret" not in str(lines)
