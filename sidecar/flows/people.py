"""What an operator may do to a person: invite, look, reset, unlock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sidecar.core.errors import Conflict, NotFound
from sidecar.core.model import Account, Authenticator, Event, Person, Session
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store, Transaction
from sidecar.core.trusted import TrustedBrowser
from sidecar.flows.ending import Heed, end_sessions, unheeded
from sidecar.flows.notices import leave
from sidecar.flows.record import operated
from sidecar.flows.tokens import Tokens

INVITATION_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything an operator may see of a person; no secret is in it."""

    account: Account | None
    authenticators: tuple[Authenticator, ...]
    sessions: tuple[Session, ...]
    """Those in browsers."""
    events: tuple[Event, ...]
    browsers: tuple[TrustedBrowser, ...] = ()
    """Those that are remembered now."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A code that was made just now; it is kept nowhere but as a hash."""

    code: str = field(repr=False)
    expires_at: datetime


class People:
    """The operator's side; needs neither HTTP nor plugins."""

    def __init__(self, store: Store, clock: Clock, heed: Heed = unheeded) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed

    async def invite(self, person: Person, by: str, life: timedelta = INVITATION_LIFE) -> str:
        """Return a single-use code that opens the person's first enrollment; shown once."""
        return (await self.invitation(person, by, life)).code

    async def invitation(self, person: Person, by: str, life: timedelta) -> Invited:
        """Return the same with the moment at which its life ends.

        Raises:
            Conflict: they enrolled already, so that it would open nothing.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            account = await tx.accounts.ensure(person, now)
            if account.enrolled_at is not None or await tx.authenticators.of(person):
                message = "they enrolled already; reset them first, or let them recover"
                raise Conflict(message)
            code = await invite_in(tx, person, by, now, until=now + life)
        return Invited(code, now + life)

    async def show(self, person: Person, events: int = 20) -> Dossier:
        """Return what is known about the person."""
        now = self._clock()
        async with self._store.read() as tx:
            return Dossier(
                await tx.accounts.get(person),
                await tx.authenticators.of(person),
                tuple(one for one in await tx.sessions.of(person, now) if not one.client),
                await tx.trail.of(person, events),
                await tx.trusted.of(person, now),
            )

    async def known(self, person: Person) -> Dossier:
        """Return the same of somebody of whom there is anything to show.

        Raises:
            NotFound: there is not.

        """
        found = await self.show(person)
        if found.account is None and not found.authenticators and not found.events:
            message = "nothing is known of this person; look for them in the list of people"
            raise NotFound(message)
        return found

    async def withdraw(self, person: Person, by: str) -> None:
        """No invitation of the person is open any more, whether or not one was."""
        now = self._clock()
        async with self._store.begin(person) as tx:
            await tx.invitations.void(person, now)
            await tx.trail.append(operated(person, "person.uninvited", now, by))

    async def reset(self, person: Person, by: str, reason: str) -> int:
        """The person may enroll as if new; everything they had is gone; return how many went."""
        async with self._store.begin(person) as tx:
            gone = await reset_in(tx, person, by, self._clock(), reason=reason)
        await self._heed(person)
        return gone

    async def unlock(self, person: Person, by: str, reason: str = "") -> None:
        """Tries made before now count no longer; what they disabled stays so (NIST RL-4).

        Raises:
            NotFound: nothing is known of the person.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            if await tx.accounts.get(person) is None:
                message = "nothing is known of this person; look for them in the list of people"
                raise NotFound(message)
            await tx.accounts.forgive(person, now)
            await tx.trail.append(operated(person, "person.unlocked", now, by, reason=reason))


async def invite_in(
    tx: Transaction, person: Person, by: str, now: datetime, *, until: datetime
) -> str:
    """Return a new invitation, the only one that is open from now on."""
    code = Tokens.mint_invitation()
    await tx.invitations.add(person, Tokens.invitation_hash(code), by=by, expires_at=until)
    await tx.trail.append(operated(person, "person.invited", now, by))
    return code


async def reset_in(tx: Transaction, person: Person, by: str, now: datetime, *, reason: str) -> int:
    """The person may enroll as if new; everything they had is gone; return how many went.

    Where an operator switched the person off, they stay so.
    """
    held = await tx.authenticators.of(person)
    for item in held:
        await tx.authenticators.move(item, "remove", now)
    await leave(tx, person, "person_reset", now)
    # Whoever took the account over had theirs verified too, and would get the links by which
    # what the owner sets up next can be stopped.
    await tx.contacts.forget(person, now)
    await tx.challenges.void(person, now)
    await tx.invitations.void(person, now)
    await end_sessions(tx, person, now)
    await tx.accounts.ensure(person, now)
    await tx.accounts.reset(person)
    await tx.trail.append(operated(person, "person.reset", now, by, reason=reason))
    return len(held)
