"""Volume limits in this process's memory."""

import math
from collections import deque
from datetime import datetime

from sidecar.core.errors import TooManyAttempts
from sidecar.core.protocols import (
    Clock,
)
from sidecar.core.volume import Bucket

KEYS_KEPT = 100_000
"""At most so many keys are remembered; beyond, the one longest unused is forgotten.

Whoever makes up keys to be forgotten gains volume only: no guess is counted here. Refusing
instead would let a stranger with many names shut everybody out (THREATS 57).
"""


class MemoryLimiter:
    """Counts events exactly, in a window that slides; atomic, since it never awaits."""

    def __init__(self, clock: Clock, *, keys_kept: int = KEYS_KEPT) -> None:
        self._clock = clock
        self._keys_kept = keys_kept
        self._events: dict[tuple[str, str], deque[datetime]] = {}

    async def take(self, bucket: Bucket, key: str) -> None:
        """One event of the key is counted.

        Raises:
            TooManyAttempts: the bucket is full; nothing was counted.

        """
        now = self._clock()
        name = (bucket.name, key)
        events = self._events.pop(name, deque())
        self._events[name] = events
        while events and events[0] <= now - bucket.window:
            events.popleft()
        if len(events) >= bucket.limit:
            raise TooManyAttempts(
                f"{bucket.name}: {bucket.limit} within {bucket.window}",
                retry_after_s=_wait_s(events, bucket, now),
            )
        events.append(now)
        if len(self._events) > self._keys_kept:
            del self._events[next(iter(self._events))]


def _wait_s(events: deque[datetime], bucket: Bucket, now: datetime) -> int:
    """Return the seconds until the oldest event leaves the window; a limit of zero never opens."""
    oldest = events[0] if events else now
    return math.ceil((oldest + bucket.window - now).total_seconds())
