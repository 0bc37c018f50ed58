"""Recovery: somebody asks for a person who lost every factor, and somebody else approves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

from sidecar.core.model import Person

RecoveryId = NewType("RecoveryId", str)


class RecoveryStatus(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    SUPERSEDED = "superseded"
    """A newer request of the same person took its place."""


@dataclass(frozen=True, slots=True)
class RecoveryRequest:
    """One request; whoever made it cannot decide it."""

    id: RecoveryId
    person: Person
    reason: str
    requested_by: str
    """Who asked, as the audit trail names them."""
    created_at: datetime
    expires_at: datetime
    status: RecoveryStatus = RecoveryStatus.PENDING
    decided_at: datetime | None = None


class Recoveries(Protocol):
    """Requests and who decided them."""

    async def add(self, request: RecoveryRequest) -> None:
        """The request is pending; an earlier pending one of the person is superseded."""
        ...

    async def get(self, which: RecoveryId) -> RecoveryRequest | None: ...

    async def decide(
        self, which: RecoveryId, status: RecoveryStatus, by: str, now: datetime
    ) -> bool:
        """Return whether it was pending, unexpired and another's, and is now decided by `by`.

        By one statement: two who decide at once cannot both have decided.
        """
        ...
