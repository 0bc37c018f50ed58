"""The audit trail: what was done, by whom, to whom."""

from typing import Protocol

from sidecar.core.model import Event, Person


class Trail(Protocol):
    """The audit trail: append only, hash-chained."""

    async def append(self, *events: Event) -> None: ...

    async def of(self, person: Person, limit: int) -> tuple[Event, ...]:
        """Return the person's latest events, newest first."""
        ...
