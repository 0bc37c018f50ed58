"""What a factor is lent while it is tested."""

import pytest

from sidecar.conformance.lent import lent
from sidecar.core.errors import DeliveryFailed, UpstreamUnreachable


def test_two_processes_have_the_same_keys_and_two_instances_have_not() -> None:
    """Tools that are lent twice show one key for an instance, and another for any other."""
    assert lent("word").keyed(b"x") == lent("word").keyed(b"x")
    assert lent("word").keyed(b"x") != lent("pad").keyed(b"x")


def test_time_stands_still() -> None:
    """Two looks at the clock show one moment, so that only a ceremony's own time can move."""
    tools = lent("word")
    assert tools.now() == tools.now()


async def test_nobody_is_outside() -> None:
    """Application, network and transports show that a plugin under test reaches none."""
    tools = lent("word")
    with pytest.raises(UpstreamUnreachable):
        await tools.ask.ask("shop", b"/", (), timeout_s=1, limit_bytes=1)
    with pytest.raises(DeliveryFailed):
        await tools.call("GET", "https://example.com/", timeout_s=1)
    with pytest.raises(LookupError, match="'mail'"):
        tools.transport("mail")


async def test_dear_work_is_done() -> None:
    """Work that costs time shows its result."""
    assert await lent("word").dear(lambda: 7) == 7
