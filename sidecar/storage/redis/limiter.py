"""Volume limits that all replicas count together."""

import math
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sidecar.core.errors import LimiterUnavailable, TooManyAttempts
from sidecar.core.protocols import Clock
from sidecar.core.volume import Bucket
from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.line import RedisDown
from sidecar.storage.redis.scripts import TAKE
from sidecar.storage.vault import KeyRing

PURPOSE: Final = "redis-limits"
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000


class RedisLimiter:
    """Counts events exactly, in a window that slides; what Redis forgets is volume only."""

    def __init__(self, redis: RedisConnection, ring: KeyRing, clock: Clock) -> None:
        self._redis = redis
        self._ring = ring
        self._clock = clock

    async def take(self, bucket: Bucket, key: str) -> None:
        """One event of the key is counted.

        Raises:
            TooManyAttempts: the bucket is full; nothing was counted.
            LimiterUnavailable: Redis is down.

        """
        now = (self._clock() - _EPOCH) // _MICROSECOND
        window = bucket.window // _MICROSECOND
        event = secrets.token_hex(8)
        try:
            wait = await self._redis.run(
                TAKE, self._name(bucket, key), now, window, bucket.limit, event
            )
        except RedisDown as down:
            raise LimiterUnavailable(str(down), retry_after_s=down.retry_after_s or 1) from None
        if not isinstance(wait, int):
            raise LimiterUnavailable("Redis answers something else")
        if wait >= 0:
            raise TooManyAttempts(
                f"{bucket.name}: {bucket.limit} within {bucket.window}",
                retry_after_s=math.ceil(wait / _SECOND),
            )

    def _name(self, bucket: Bucket, key: str) -> str:
        """Return the name of what is counted: who it is can be read off it by nobody."""
        said = f"{bucket.name}\0{key}".encode(errors="surrogatepass")
        return f"{self._redis.prefix}:limit:{self._ring.keyed(PURPOSE, said).hex()}"
