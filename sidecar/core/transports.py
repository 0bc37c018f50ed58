"""The port of transports: what carries letters to people."""

from dataclasses import dataclass
from typing import Protocol

from sidecar.core.messages import Callback, Letter, Receipt, Told


@dataclass(frozen=True, slots=True)
class TransportTraits:
    """What a transport carries, and what its provider promises."""

    channels: frozenset[str]
    idempotent: bool = False
    """The provider takes a letter with the same key once, so that it may be offered again."""
    receipts: bool = False
    """The provider calls back to tell what became of a letter."""
    development: bool = False
    """Shows letters to whoever runs the sidecar: for people who try it on their own machine."""


class Transport(Protocol):
    """Carries letters; it never composes one and never sees a challenge."""

    @property
    def traits(self) -> TransportTraits:
        """What it carries; of one that chooses among others, what all of those do."""
        ...

    async def send(self, letter: Letter) -> Receipt:
        """Return that a provider took the letter.

        Neither text nor address occurs in a failure or in the log.

        Raises:
            DeliveryFailed: it did not, or it is not known whether it did (`why`).

        """
        ...

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Return what a provider's callback says, once its signature was checked.

        Raises:
            AccessDenied: the call is not the provider's.

        """
        ...
