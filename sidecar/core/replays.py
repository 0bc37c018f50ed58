"""Answers to calls that may be sent twice: kept under the key that the caller chose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sidecar.core.clients import ClientId


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered; it may hold a secret that was shown once, so it is sealed at rest."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replay:
    """A call of this key that came before."""

    request_hash: str
    """SHA-256 over method, path and body, hex: another call under the same key is a mistake."""
    answer: KeptAnswer | None
    """None: it is still being answered."""


class Replays(Protocol):
    """Calls by client and key; a key counts for a day."""

    async def claim(
        self, client: ClientId, key: str, request_hash: str, now: datetime
    ) -> Replay | None:
        """Return the call that came before; None: this one is the first, and the key is taken.

        By one statement, so that of two at once one is the first. A claim that was neither settled
        nor dropped within `STALE_AFTER` is taken over: its process died.
        """
        ...

    async def settle(
        self, client: ClientId, key: str, answer: KeptAnswer, now: datetime
    ) -> None: ...

    async def drop(self, client: ClientId, key: str) -> None:
        """The call did not come to an end, so the next of its key is the first."""
        ...
