"""Messages on their way, what was sent before, and the addresses of people: values and ports."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

from sidecar.core.messages import Contact, Letter, Message, Receipt, Told
from sidecar.core.model import ChallengeId, Person

PostId = NewType("PostId", str)
"""Names a message that was accepted; transports get it as the letter's idempotency key."""


class PostStatus(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENDING = "sending"
    """Somebody hands it to a transport."""
    SENT = "sent"
    """A provider took it."""
    UNSURE = "unsure"
    """It may be on its way; it is never offered again."""
    FAILED = "failed"
    """No provider took it, so it cost nothing and counts in no budget."""
    ARRIVED = "arrived"
    LOST = "lost"
    """A provider took it, and told afterwards that it did not arrive."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that was accepted for sending; its transport is chosen."""

    id: PostId
    person: Person
    message: Message
    account: str = field(repr=False)
    """How the person is called in it."""
    language: str
    created_at: datetime
    expires_at: datetime
    challenge_id: ChallengeId | None = None
    """What its code answers; None for a notice."""
    region: str = ""
    """The configured beginning of the number that it goes to; empty for all but text messages."""
    known: bool = False
    """Caused by a browser that once passed as this person."""

    @property
    def contact(self) -> Contact:
        """Whom it goes to."""
        return Contact(self.message.channel, self.message.to)

    @property
    def left(self) -> bool:
        """A notice of an operator's act, which knew neither transports nor budgets."""
        return self.challenge_id is None and not self.message.transport


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that nobody is about to send, for whoever looks after those."""

    id: PostId
    transport: str
    claimed: bool
    """Whoever claimed it said nothing since: it may have been sent."""


class Outbox(Protocol):
    """Messages on their way; what they say is sealed, and wiped once it can be of no use."""

    async def add(self, posted: Posted) -> None: ...

    async def claim(
        self, which: PostId, now: datetime, *, silent_since: datetime | None = None
    ) -> Posted | None:
        """Return the message that is now the caller's to send, by one statement; else None.

        One that somebody claimed before is given again where nothing was heard since
        `silent_since`. What cannot be read any more fails instead.
        """
        ...

    async def place(self, which: PostId, region: str) -> None:
        """The message counts in this region: who left it did not know of any."""
        ...

    async def settle(
        self,
        which: PostId,
        status: PostStatus,
        now: datetime,
        *,
        receipt: Receipt | None = None,
        failure: str = "",
    ) -> None:
        """What became of a claimed message is known; `QUEUED`: it waits for another try.

        What a notice said is wiped with anything but another try.
        """
        ...

    async def waiting(
        self, now: datetime, *, unclaimed_since: datetime, silent_since: datetime
    ) -> tuple[Waiting, ...]:
        """Return what is still of use and nobody seems to be sending, longest left alone first."""
        ...

    async def latest(self, challenge: ChallengeId) -> tuple[Posted, ...]:
        """Return the messages of a challenge that were sent last, as far as they can be read."""
        ...

    async def wipe(self, challenge: ChallengeId) -> None:
        """What messages of the challenge said is gone, but for those still to be sent."""
        ...

    async def told(self, provider: str, told: Told, now: datetime) -> bool:
        """Return whether a provider's word was about a letter that it took."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """Messages that are counted together; what is None, or empty, is not asked about."""

    person: Person | None = None
    contact: Contact | None = None
    region: str = ""
    known: bool | None = None
    notices: bool = False
    """Notices instead of codes: neither may use up what the other has."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One message of a challenge, as it is counted."""

    at: datetime
    status: PostStatus


@dataclass(frozen=True, slots=True)
class Usage:
    """How many codes went to a region, and how many of them somebody typed."""

    channel: str
    region: str
    sent: int
    used: int


class Sendings(Protocol):
    """What was sent: counted long after what it said is gone."""

    async def hold(self) -> None:
        """Nobody else has messages accepted until the transaction ends, who asks for it too.

        For what people share: each would else find the same room.
        """
        ...

    async def at(
        self, share: Share, number: int, *, since: datetime, until: datetime
    ) -> datetime | None:
        """Return when the `number`-latest of the share was accepted; None: not so many since.

        What no provider took is not counted, nor what a clock that was wrong dated after `until`.
        """
        ...

    async def of(self, challenge: ChallengeId) -> tuple[Sending, ...]:
        """Return what was accepted for the challenge, newest first."""
        ...

    async def used(self, challenge: ChallengeId, now: datetime) -> bool:
        """A code of the challenge was typed; return whether one that was sent counts by that."""
        ...

    async def usage(self, since: datetime, until: datetime) -> tuple[Usage, ...]:
        """Return the use of codes that went out between two moments."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person gets notices."""

    contact: Contact
    origin: str
    """Where it is from: `STATED`, or the id of the authenticator that verified it."""
    verified: bool


STATED = "identity"
"""The origin of addresses that an identity source stated."""


class Contacts(Protocol):
    """Addresses that notices go to; sealed, and known again by a keyed hash."""

    async def of(self, person: Person) -> tuple[Address, ...]:
        """Return where the person gets notices, oldest first; unreadable ones are left out."""
        ...

    async def record(
        self, person: Person, contact: Contact, *, origin: str, verified: bool, now: datetime
    ) -> None:
        """The person gets notices there too.

        What was verified stays so. Beyond what a person may have, addresses that are merely
        stated are not taken: they must not push out the true ones.
        """
        ...

    async def drop(self, person: Person, origin: str, now: datetime) -> None:
        """No notice goes to what came from there, if a verified address remains otherwise."""
        ...

    async def forget(self, person: Person, now: datetime) -> None:
        """No notice goes to what authenticators verified, and nothing counts as verified.

        What an identity source stated goes on getting notices.
        """
        ...


class Letters(Protocol):
    """Puts messages into words."""

    def language(self, wanted: str) -> str:
        """Return the language to write in, for what a browser asked for."""
        ...

    def write(self, posted: Posted) -> Letter:
        """Return the letter."""
        ...
