"""The processes that serve one installation, and how far each has read the feed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

TRUSTED_FOR: Final = timedelta(seconds=3)
"""After so long without a reading of the feed a process uses nothing that it keeps in memory."""
GONE_AFTER: Final = timedelta(seconds=4)
"""After so long without a beat nobody waits for a process: it has trusted nothing for a second.

That second is what a beat may take on its way to the database: see `Beats`.
"""
REMOVED_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Replica:
    """What one process tells of itself."""

    id: str
    place: str
    """Host and process."""
    version: str
    keys: tuple[str, ...]
    """The ids of its root keys, the one that seals first."""
    sequence: int = 0
    """Up to where it has read the feed."""


@dataclass(frozen=True, slots=True)
class Beaten:
    """A process as the others see it; both times are the database's."""

    replica: Replica
    started_at: datetime
    age: timedelta
    """Since its last beat."""

    @property
    def live(self) -> bool:
        """Whether others wait for it."""
        return self.age < GONE_AFTER


class Replicas(Protocol):
    """One row for each process, in the database's own time."""

    async def beat(self, replica: Replica) -> bool:
        """The process is known to live, and to have read so far.

        False: it was not known, or its last beat is too old for it to have been waited for since.
        """
        ...

    async def leave(self, which: str) -> None:
        """Nobody waits for the process any more."""
        ...

    async def clear(self) -> None:
        """Processes that gave no beat for a minute are forgotten."""
        ...

    async def read_by_all(self, *, but: str) -> int | None:
        """Return up to where all live processes but this one have read; None: there is no other."""
        ...

    async def all(self) -> tuple[Beaten, ...]:
        """Return every process that is known, the longest running first."""
        ...
