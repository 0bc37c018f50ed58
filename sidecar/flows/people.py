"""What an operator may do to a person: invite, look, approve, resume, reset, unlock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.core.errors import Conflict, NotFound
from sidecar.core.model import (
    Account,
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Event,
    Person,
    Session,
)
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
    events: tuple[Event, ...]
    browsers: tuple[TrustedBrowser, ...] = ()
    """Those that are remembered now."""


class People:
    """The operator's side; needs neither HTTP nor plugins."""

    def __init__(self, store: Store, clock: Clock, heed: Heed = unheeded) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed

    async def invite(self, person: Person, by: str, life: timedelta = INVITATION_LIFE) -> str:
        """Return a single-use code that opens the person's first enrollment; shown once."""
        now = self._clock()
        async with self._store.begin(person) as tx:
            await tx.accounts.ensure(person, now)
            return await invite_in(tx, person, by, now, until=now + life)

    async def show(self, person: Person, events: int = 20) -> Dossier:
        """Return what is known about the person."""
        now = self._clock()
        async with self._store.read() as tx:
            return Dossier(
                await tx.accounts.get(person),
                await tx.authenticators.of(person),
                await tx.sessions.of(person, now),
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
            message = "nothing is known of this person"
            raise NotFound(message)
        return found

    async def approve(self, person: Person, which: AuthenticatorId, by: str) -> Authenticator:
        """The hold on a new authenticator is over: it counts in full from now on.

        Raises:
            NotFound: the person has no such authenticator.
            Conflict: it is not held, or not readable.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            found = await _theirs(tx, person, which)
            if found.held(now) is None:
                message = "it is not held"
                raise Conflict(message)
            released = await tx.authenticators.release(found, now)
            await tx.trail.append(
                operated(person, "authenticator.approved", now, by, factor=found.factor)
            )
        return released

    async def resume(self, person: Person, which: AuthenticatorId, by: str) -> Authenticator:
        """What somebody said was not theirs works again, once an operator learned that it is.

        Raises:
            NotFound: the person has no such authenticator.
            Conflict: it is not suspended.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            found = await _theirs(tx, person, which)
            if found.status is not AuthenticatorStatus.SUSPENDED:
                message = "it is not suspended"
                raise Conflict(message)
            resumed = await tx.authenticators.move(found, "resume", now)
            await tx.trail.append(
                operated(person, "authenticator.resumed", now, by, factor=found.factor)
            )
        return resumed

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
                message = "nothing is known of this person"
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


async def _theirs(tx: Transaction, person: Person, which: AuthenticatorId) -> Authenticator:
    found = await tx.authenticators.get(person, which)
    if found is None:
        message = "no such authenticator"
        raise NotFound(message)
    return found
