"""What the limiter in memory costs."""

from datetime import timedelta

import pytest

from sidecar.core.errors import TooManyAttempts
from sidecar.core.volume import Bucket
from sidecar.storage.limiter import MemoryLimiter
from tests.conformance.stores import Travel

MAILS = Bucket("mails", 1, timedelta(minutes=1))


async def test_made_up_keys_cannot_fill_the_memory() -> None:
    """THREATS 57: a flood of names shows bounded memory, nobody refused, the busy key kept."""
    limiter = MemoryLimiter(Travel(), keys_kept=10)
    await limiter.take(MAILS, "busy")
    for number in range(1000):
        await limiter.take(MAILS, f"name{number}")
        with pytest.raises(TooManyAttempts):
            await limiter.take(MAILS, "busy")
    assert len(limiter._events) == 10
