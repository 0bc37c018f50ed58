"""Single-use codes that open somebody's first enrollment."""

from datetime import datetime
from typing import Protocol

from sidecar.core.model import Person, TokenHash


class Invitations(Protocol):
    """Single-use codes that open somebody's first enrollment."""

    async def add(self, person: Person, code: TokenHash, *, by: str, expires_at: datetime) -> None:
        """The code is open; an earlier one of the same person no longer is."""
        ...

    async def void(self, person: Person, now: datetime) -> None:
        """No code of the person is open any more."""
        ...

    async def open(self, person: Person, code: TokenHash, now: datetime) -> bool: ...

    async def redeem(self, person: Person, code: TokenHash, now: datetime) -> bool:
        """Return whether the code was open and is now spent, by one statement."""
        ...
