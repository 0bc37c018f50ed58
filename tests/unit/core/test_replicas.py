"""Processes as others see them."""

from datetime import timedelta

from sidecar.core.replicas import GONE_AFTER, TRUSTED_FOR, Beaten, Replica
from tests.clock import START

ME = Replica("me", "here:1", "1.0", ("k1",))


def test_nobody_is_passed_over_who_may_trust_memory() -> None:
    """A process that has been silent for as long as memory may be trusted shows as live still, for
    a second more; then as gone.
    """
    assert Beaten(ME, START, TRUSTED_FOR).live
    assert Beaten(ME, START, GONE_AFTER - timedelta(milliseconds=1)).live
    assert not Beaten(ME, START, GONE_AFTER).live
    assert timedelta(seconds=1) == GONE_AFTER - TRUSTED_FOR
