"""Revocations: the ordered feed by which every process learns what is over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sidecar.core.model import Person, SessionId


@dataclass(frozen=True, slots=True)
class Revocation:
    """One row of the ordered feed that every process reads once a second."""

    sequence: int
    kind: str
    """`session` or `person`."""
    person: Person
    session: SessionId | None = None


class Feed(Protocol):
    """Revocations, in order, written in the transaction that revokes."""

    async def append(
        self, kind: str, person: Person, session: SessionId | None, now: datetime
    ) -> None: ...

    async def since(self, sequence: int) -> tuple[Revocation, ...]: ...

    async def last(self) -> int: ...
