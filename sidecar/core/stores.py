"""The ports of storage: what the flows need to be kept, and how atomically."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Protocol

from sidecar.core.clients import ApiTokens
from sidecar.core.directory import Directory
from sidecar.core.feed import Feed
from sidecar.core.guessing import Attempts
from sidecar.core.invitations import Invitations
from sidecar.core.model import (
    Account,
    Authenticator,
    AuthenticatorId,
    Challenge,
    ChallengeId,
    Material,
    Person,
    Proof,
    Session,
    SessionId,
    TokenHash,
)
from sidecar.core.outbox import Contacts, Outbox, Sendings
from sidecar.core.recoveries import Recoveries
from sidecar.core.replays import Replays
from sidecar.core.replicas import Replicas
from sidecar.core.trail import Trail
from sidecar.core.trusted import TrustedBrowsers


class Accounts(Protocol):
    """Durable facts about people."""

    async def get(self, person: Person) -> Account | None: ...

    async def ensure(self, person: Person, now: datetime) -> Account:
        """Return the person's row, made now if there was none."""
        ...

    async def mark_enrolled(self, person: Person, now: datetime) -> None:
        """`enrolled_at` is set, an earlier value stays; the person is enabled."""
        ...

    async def configure(
        self,
        person: Person,
        *,
        enabled: bool,
        required: bool,
        version: int | None,
        now: datetime,
    ) -> Account | None:
        """Return the person's row as it now is, made if there was none, its version one higher.

        None: `version` was given and is not the present one any more.
        """
        ...

    async def forgive(self, person: Person, now: datetime) -> None:
        """Tries made before now count no longer; what they disabled stays disabled (NIST RL-4)."""
        ...

    async def bump_epoch(self, person: Person) -> int:
        """Every session begun before is over; return the new epoch."""
        ...

    async def reset(self, person: Person) -> None:
        """`enrolled_at` is cleared and the epoch bumped: the person may enroll as if new."""
        ...


class Authenticators(Protocol):
    """Enrolled instances; material is sealed at rest and rows carry a MAC."""

    async def of(self, person: Person) -> tuple[Authenticator, ...]:
        """Return all that were ever confirmed and not removed, unreadable ones with no material."""
        ...

    async def sharing(self, person: Person) -> tuple[Authenticator, ...]: ...

    async def get(self, person: Person, which: AuthenticatorId) -> Authenticator | None: ...

    async def find(self, which: AuthenticatorId) -> Authenticator | None: ...

    async def add(self, authenticator: Authenticator) -> None:
        """The authenticator is there, and no browser of its person is remembered.

        Raises:
            Conflict: its credential is registered already, to whomever.

        """
        ...

    async def release(self, current: Authenticator, now: datetime) -> Authenticator:
        """The hold on a new authenticator is over.

        Raises:
            Conflict: it changed meanwhile, or is not readable.

        """
        ...

    async def replace(
        self, current: Authenticator, material: Material | None, *, used_at: datetime | None
    ) -> None:
        """New material (None: unchanged) is in place, if nobody else was faster.

        Raises:
            StaleMaterial: the row's version is no longer `current.version`, or it is not active.

        """
        ...

    async def move(self, current: Authenticator, occasion: str, now: datetime) -> Authenticator:
        """The authenticator is in the state that follows, and no browser of its person remembered.

        `sidecar.core.states` says what follows what.

        Raises:
            Conflict: the occasion does not happen in its present state.

        """
        ...

    async def rename(self, person: Person, which: AuthenticatorId, name: str) -> bool:
        """Return whether there was such an authenticator of this person."""
        ...


class Challenges(Protocol):
    """Open ceremonies; state is sealed and bound to its row."""

    async def add(self, challenge: Challenge) -> None:
        """The ceremony is open.

        Raises:
            ChallengeGone: there was one of this id before, open or not.

        """
        ...

    async def get(
        self, which: ChallengeId, person: Person, session: SessionId, now: datetime
    ) -> Challenge:
        """Return an open challenge of this person and session.

        Raises:
            ChallengeGone: expired, consumed, another's, or never there.

        """
        ...

    async def begun(
        self, person: Person, session: SessionId, factor: str, now: datetime
    ) -> tuple[Challenge, ...]:
        """Return the open challenges of this factor and session, newest first."""
        ...

    async def consume(self, challenge: Challenge, now: datetime, *, verified: bool) -> None:
        """The challenge is used up, by one statement; `verified` leaves a proof of its action.

        Raises:
            ChallengeGone: somebody else consumed it first, or it expired.

        """
        ...

    async def proven(
        self, person: Person, session: SessionId, action: str, *, since: datetime, now: datetime
    ) -> bool:
        """Return whether a proof of this action, verified since, is there to be spent."""
        ...

    async def spend(
        self, person: Person, session: SessionId, action: str, *, since: datetime, now: datetime
    ) -> bool:
        """Return whether a proof of this action, verified since, was there and is now spent."""
        ...

    async def void(self, person: Person, now: datetime) -> None:
        """No challenge of the person is open any more, and no action proof is left."""
        ...


class Sessions(Protocol):
    """Server-side sessions behind token hashes."""

    async def add(self, session: Session, token: TokenHash) -> None: ...

    async def get(self, token: TokenHash, now: datetime) -> Session | None:
        """Return the live session behind the token.

        The token before the last elevation answers for 30 s more, with the proofs it had then.
        """
        ...

    async def elevate(
        self,
        session: SessionId,
        proof: Proof,
        token: TokenHash,
        *,
        login: str,
        now: datetime,
        known_as: tuple[str, ...] = (),
        seen_at: datetime | None = None,
    ) -> Session:
        """The session holds the proof and answers to the new token only (and the old one's grace).

        Raises:
            ChallengeGone: the session ended meanwhile.

        """
        ...

    async def enter(self, session: Session, token: TokenHash) -> Session:
        """Return the session of this id, going on as long as the given one, or that one anew."""
        ...

    async def touch(self, session: SessionId, now: datetime) -> None: ...

    async def drop_proofs(self, session: SessionId) -> None: ...

    async def end(self, person: Person, session: SessionId | None) -> tuple[SessionId, ...]:
        """One session of the person, or all, are ended; return which."""
        ...

    async def end_everybody(self, now: datetime) -> int:
        """Every session of everybody is ended, by one statement; return how many went on."""
        ...

    async def number(self, person: Person, now: datetime) -> int: ...

    async def of(self, person: Person, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of the person, last seen first."""
        ...


class Transaction(Protocol):
    """One unit of work: everything in it happens, or nothing does."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def authenticators(self) -> Authenticators: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def challenges(self) -> Challenges: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def feed(self) -> Feed: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def sendings(self) -> Sendings: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def trusted(self) -> TrustedBrowsers: ...
    @property
    def trail(self) -> Trail: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def tokens(self) -> ApiTokens: ...
    @property
    def replays(self) -> Replays: ...
    @property
    def recoveries(self) -> Recoveries: ...
    @property
    def replicas(self) -> Replicas: ...


APART: Final = Person("", "")
"""Nobody: a transaction about them waits for nobody's."""


class Store(Protocol):
    """The database; every failure of it is `StoreUnavailable`."""

    def begin(self, *people: Person) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that writes; it commits at the end of the block, else rolls back.

        Those about the same person happen one after the other: what one of them reads still holds
        when it writes. One that names nobody happens alone; single statements may be `APART`.
        """
        ...

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that only reads and never waits for writers."""
        ...

    def glance(self) -> AbstractAsyncContextManager[Transaction]:
        """Open what reads a single row or list; whatever more is read may be of a later moment."""
