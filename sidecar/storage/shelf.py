"""Where sessions are kept: the port by which a store can keep them elsewhere than in its rows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.protocols import Clock
from sidecar.core.stores import Sessions
from sidecar.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction, as far as whoever keeps things beside it has to know it."""

    connection: AsyncConnection
    vault: Vault
    clock: Clock
    writes: bool = False
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Is done once it is committed, and must neither fail nor matter."""


class Shelf(Protocol):
    """Keeps what was proven in sessions, of which the database knows only that they are."""

    def sessions(self, work: Work) -> Sessions:
        """Return the sessions as the transaction sees and changes them."""
        ...
