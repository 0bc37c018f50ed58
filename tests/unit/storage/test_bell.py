"""A bell that nobody rings."""

import time

from sidecar.storage.bell import StillBell


async def test_who_waits_alone_waits_to_the_end() -> None:
    """A ring that nobody hears shows the whole wait."""
    bell = StillBell()
    await bell.ring()
    begun = time.monotonic()
    await bell.wait(0.02)
    assert time.monotonic() - begun >= 0.02
