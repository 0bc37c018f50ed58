from datetime import UTC

from sidecar.clock import utc_now


def test_the_clock_knows_its_zone() -> None:
    """Two readings show that time is UTC and does not run backwards."""
    first, second = utc_now(), utc_now()
    assert first.tzinfo is UTC
    assert first <= second
