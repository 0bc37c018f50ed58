"""What Redis does at once and whole."""

import hashlib
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Script:
    """A script in Lua, and the name by which a server that ran it before knows it."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        # The name is Redis' own choice, and no secret hangs on it.
        name = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", name)


TAKE: Final = Script(
    """
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
if redis.call('ZCARD', KEYS[1]) < limit then
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
  return -1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local since = tonumber(oldest[2] or ARGV[1])
return since + window - now
"""
)
"""Counts one event now (1) within the window (2) unless the limit (3) is reached, as (4).

Returns -1, or the microseconds until the oldest leaves. Microseconds since 1970 are whole in a
double until the year 2255.
"""
