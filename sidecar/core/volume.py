"""The port of volume limits: how often something may happen, whatever comes of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bucket:
    """A named rule that events are counted under."""

    name: str
    limit: int
    window: timedelta


class Limiter(Protocol):
    """Volume limits only: losing them loses no guess."""

    async def take(self, bucket: Bucket, key: str) -> None:
        """One event of the key is counted.

        Raises:
            TooManyAttempts: the bucket is full; nothing was counted.
            LimiterUnavailable: it cannot be counted.

        """
        ...
