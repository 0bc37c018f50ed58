"""A transport that keeps what it carries, and the writer of letters that the tests use."""

import asyncio
from dataclasses import dataclass, field, replace
from functools import cache

from sidecar.bundled import TEMPLATES
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.transports import TransportTraits
from sidecar.flows.budgets import Budgets
from sidecar.flows.kit import Kit
from sidecar.letters import LetterWriter, Sender
from sidecar.web.i18n import load_catalogs


@dataclass
class Mailbox:
    """Carries letters of one channel to itself."""

    channel: str
    name: str = "mailbox"
    idempotent: bool = False
    receipts: bool = True
    letters: list[Letter] = field(default_factory=list)
    broken: BaseException | None = None
    """Raised instead of taking a letter."""
    held: asyncio.Event | None = None
    """Waited for before a letter is taken."""
    taken: asyncio.Event | None = None
    """Set when a letter was taken."""
    calls: list[Callback] = field(default_factory=list)
    says: tuple[Told, ...] = ()
    """What a callback tells."""

    @property
    def traits(self) -> TransportTraits:
        return TransportTraits(
            frozenset({self.channel}), idempotent=self.idempotent, receipts=self.receipts
        )

    async def send(self, letter: Letter) -> Receipt:
        if self.held is not None:
            await self.held.wait()
        if self.broken is not None:
            raise self.broken
        self.letters.append(letter)
        if self.taken is not None:
            self.taken.set()
        return Receipt(self.name, f"{self.name}-{len(self.letters)}")

    async def told(self, call: Callback) -> tuple[Told, ...]:
        self.calls.append(call)
        if self.broken is not None:
            raise self.broken
        return self.says


def equipped(kit: Kit) -> Kit:
    """Return the kit with a mailbox for texts and one for mail."""
    return replace(
        kit,
        transports={"texts": Mailbox("sms", "texts"), "mail": Mailbox("email", "mail")},
        budgets=Budgets(("+49", "+1", "+1876")),
        home="https://shop.example.com/_sidecar/",
    )


@cache
def written() -> LetterWriter:
    """Return what writes letters, as the composition root makes it."""
    catalogs = load_catalogs(TEMPLATES / "locale")
    return LetterWriter((TEMPLATES,), catalogs, Sender("Shop", "shop.example.com"))
