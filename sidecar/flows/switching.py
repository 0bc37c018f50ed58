"""Whether a person's factors count: configured, switched off, switched on again."""

from dataclasses import dataclass
from datetime import datetime

from sidecar.core.api_errors import PreconditionFailed
from sidecar.core.errors import Conflict, NotFound
from sidecar.core.messages import Contact
from sidecar.core.model import Account, Person
from sidecar.core.outbox import STATED, Address
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store, Transaction
from sidecar.flows.ending import Heed, end_sessions, unheeded
from sidecar.flows.notices import leave
from sidecar.flows.record import operated


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be configured of a person."""

    enabled: bool = True
    required: bool = False
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Configured:
    """What is configured of a person, and where they are told of changes."""

    account: Account
    addresses: tuple[Address, ...]
    new: bool = False
    """It was not before."""


class Switching:
    """Needs neither HTTP nor plugins."""

    def __init__(self, store: Store, clock: Clock, heed: Heed = unheeded) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed

    async def read(self, person: Person) -> Configured:
        """Return what is configured of the person.

        Raises:
            NotFound: nothing is known of them.

        """
        async with self._store.read() as tx:
            account = _known(await tx.accounts.get(person))
            return Configured(account, await tx.contacts.of(person))

    async def create(self, person: Person, wanted: Wanted, by: str) -> Configured:
        """The person is configured for the first time.

        Raises:
            Conflict: they are configured already.

        """
        return await self._configure(person, wanted, by, first=True)

    async def change(
        self,
        person: Person,
        wanted: Wanted,
        by: str,
        *,
        version: int | None = None,
        known: bool = False,
    ) -> Configured:
        """The person is configured so, if `version` is the present one (None: whatever it is).

        `known` asks that something was known of them before.

        Raises:
            PreconditionFailed: it is not.

        """
        return await self._configure(person, wanted, by, version=version, known=known)

    async def _configure(
        self,
        person: Person,
        wanted: Wanted,
        by: str,
        *,
        first: bool = False,
        version: int | None = None,
        known: bool = False,
    ) -> Configured:
        now = self._clock()
        async with self._store.begin(person) as tx:
            before = await tx.accounts.get(person)
            if known and before is None:
                message = "nothing is known of this person; leave the condition out"
                raise PreconditionFailed(message)
            if first and before is not None and before.version:
                message = "this person is configured already; change it with PUT"
                raise Conflict(message)
            account = await _set(tx, person, wanted, now, version=version)
            for contact in wanted.contacts:
                await tx.contacts.record(person, contact, origin=STATED, verified=False, now=now)
            told = {"enabled": wanted.enabled, "required": wanted.required}
            await tx.trail.append(operated(person, "person.configured", now, by, **told))
            await _follow(tx, before, account, by, now=now)
            done = Configured(account, await tx.contacts.of(person), new=before is None)
        await self._heed(person)
        return done

    async def switch(self, person: Person, by: str, *, on: bool, reason: str = "") -> Account:
        """The person's factors count, or none of them does and they are signed out.

        What they have set up stays as it is, so that switching on resumes just that.

        Raises:
            NotFound: nothing is known of them.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            before = _known(await tx.accounts.get(person))
            account = await _set(tx, person, Wanted(on, before.required), now)
            await _follow(tx, before, account, by, now=now, reason=reason)
        await self._heed(person)
        return account


async def _set(
    tx: Transaction,
    person: Person,
    wanted: Wanted,
    now: datetime,
    *,
    version: int | None = None,
) -> Account:
    account = await tx.accounts.configure(
        person, enabled=wanted.enabled, required=wanted.required, version=version, now=now
    )
    if account is None:
        message = "it was changed since it was read; read it again"
        raise PreconditionFailed(message)
    return account


async def _follow(
    tx: Transaction,
    before: Account | None,
    after: Account,
    by: str,
    *,
    now: datetime,
    reason: str = "",
) -> None:
    """What follows from a switch that was turned: sessions end, and the person is told.

    Switching on ends them too: what runs for somebody who was let pass without a factor must not
    run on now that one is asked for.
    """
    if after.enabled is (before is None or before.enabled):
        return
    person, name = after.person, "enabled" if after.enabled else "disabled"
    await tx.challenges.void(person, now)
    await end_sessions(tx, person, now)
    await leave(tx, person, f"person_{name}", now)
    await tx.trail.append(operated(person, f"person.{name}", now, by, reason=reason))


def _known(account: Account | None) -> Account:
    if account is None:
        message = "nothing is configured of this person; POST /config does that"
        raise NotFound(message)
    return account
