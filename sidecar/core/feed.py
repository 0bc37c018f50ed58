"""Revocations: the ordered feed by which every process learns what is over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sidecar.core.model import Person, SessionId

EVERYBODY: Final = "everybody"
"""The kind of a row by which every session of everybody is over."""
HANDOVERS: Final = "handovers"
"""The kind of a row that revokes nothing: it tells which credentials may change hands."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One row of the ordered feed that every process reads once a second."""

    sequence: int
    kind: str
    """`session`, `person`, `everybody` or `handovers`."""
    person: Person | None
    """None: everybody."""
    session: SessionId | None = None
    marks: str = ""
    """What a row of `handovers` tells; `sidecar.core.handovers` reads it."""


class Feed(Protocol):
    """Revocations, in order, written in the transaction that revokes."""

    async def append(
        self, kind: str, person: Person | None, session: SessionId | None, now: datetime
    ) -> None: ...

    async def tell(self, marks: str, now: datetime) -> int:
        """Append a row of `handovers`; return its number."""
        ...

    async def since(self, sequence: int) -> tuple[Revocation, ...]: ...

    async def told(self, since: datetime) -> tuple[Revocation, ...]:
        """Return the rows of `handovers` appended since then, in order."""
        ...

    async def last(self) -> int: ...

    async def time(self) -> datetime | None:
        """Return what the database's own clock shows; None where it is this machine's."""
        ...


class Bell(Protocol):
    """Tells every process that the feed grew; whoever misses it reads a second later."""

    async def ring(self) -> None:
        """Whoever waits anywhere goes on soon; it neither fails nor waits for anybody."""
        ...

    async def wait(self, within_s: float) -> None:
        """Return once it rang since the last wait, or after so long; it never fails."""
        ...
