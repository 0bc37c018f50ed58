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
from sidecar.flows.ending import end_sessions
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

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def read(self, person: Person) -> Configured:
        """Return what is configured of the person.

        Raises:
            NotFound: nothing is known of them.

        """
        async with self._store.read() as tx:
            account = await tx.accounts.get(person)
            if account is None:
                message = "nothing is known of this person"
                raise NotFound(message)
            return Configured(account, await tx.contacts.of(person))

    async def create(self, person: Person, wanted: Wanted, by: str) -> Configured:
        """The person is configured for the first time.

        Raises:
            Conflict: they are configured already.

        """
        async with self._store.begin() as tx:
            before = await tx.accounts.get(person)
            if before is not None and before.version:
                message = "this person is configured already; change it with PUT"
                raise Conflict(message)
            return await self._configure(tx, person, wanted, by)

    async def change(
        self, person: Person, wanted: Wanted, by: str, *, version: int | None = None
    ) -> Configured:
        """The person is configured so, if `version` is the present one (None: whatever it is).

        Raises:
            PreconditionFailed: it is not.

        """
        async with self._store.begin() as tx:
            return await self._configure(tx, person, wanted, by, version=version)

    async def switch(self, person: Person, by: str, *, on: bool, reason: str = "") -> Account:
        """The person's factors count, or none of them does and they are signed out.

        Raises:
            NotFound: nothing is known of them.

        """
        async with self._store.begin() as tx:
            before = await tx.accounts.get(person)
            if before is None:
                message = "nothing is known of this person"
                raise NotFound(message)
            wanted = Wanted(on, before.required)
            done = await self._configure(tx, person, wanted, by, reason=reason)
            return done.account

    async def _configure(
        self,
        tx: Transaction,
        person: Person,
        wanted: Wanted,
        by: str,
        *,
        version: int | None = None,
        reason: str = "",
    ) -> Configured:
        now, before = self._clock(), await tx.accounts.get(person)
        account = await tx.accounts.configure(
            person, enabled=wanted.enabled, required=wanted.required, version=version, now=now
        )
        if account is None:
            message = "it was changed since it was read; read it again"
            raise PreconditionFailed(message)
        for contact in wanted.contacts:
            await tx.contacts.record(person, contact, origin=STATED, verified=False, now=now)
        await tx.trail.append(
            operated(
                *(person, "person.configured", now, by),
                enabled=wanted.enabled,
                required=wanted.required,
                reason=reason,
            )
        )
        if before is not None and before.enabled and not account.enabled:
            await _switch_off(tx, person, now)
        return Configured(account, await tx.contacts.of(person), new=before is None)


async def _switch_off(tx: Transaction, person: Person, now: datetime) -> None:
    """Nothing that was proven counts any more, and the person is told."""
    await tx.challenges.void(person, now)
    await end_sessions(tx, person, now)
    await leave(tx, person, "person_disabled", now)
