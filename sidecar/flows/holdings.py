"""What an operator may do to what a person has set up: look, rename, stop, let work, remove."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sidecar.core.errors import Conflict, NotFound
from sidecar.core.model import Authenticator, AuthenticatorId, AuthenticatorStatus, Person
from sidecar.core.names import tidy
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store, Transaction
from sidecar.flows.ending import Heed, end_sessions, unheeded
from sidecar.flows.notices import leave
from sidecar.flows.record import operated

_OVER: Final = {
    AuthenticatorStatus.DISABLED: "it is disabled",
    AuthenticatorStatus.EXPIRED: "it is expired",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of an authenticator; None: what it is."""

    name: str | None = None
    """One that `is_name` takes."""
    suspended: bool | None = None


class Holdings:
    """The operator's side; needs neither HTTP nor plugins."""

    def __init__(self, store: Store, clock: Clock, heed: Heed = unheeded) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed

    async def of(self, person: Person) -> tuple[Authenticator, ...]:
        """Return everything the person has set up; nobody has nothing, as somebody unknown has."""
        async with self._store.read() as tx:
            return await tx.authenticators.of(person)

    async def get(self, person: Person, which: AuthenticatorId) -> Authenticator:
        """Return one of them.

        Raises:
            NotFound: the person has no such authenticator.

        """
        async with self._store.read() as tx:
            return await _theirs(tx, person, which)

    async def change(
        self, person: Person, which: AuthenticatorId, wanted: Change, by: str
    ) -> Authenticator:
        """The authenticator is as wanted, in every respect or in none; what it is already stays.

        Raises:
            NotFound: the person has no such authenticator.
            Conflict: it is in a state that it does not come back from (NIST RL-4).

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            found = await _theirs(tx, person, which)
            if wanted.suspended is True and found.status is not AuthenticatorStatus.SUSPENDED:
                await _suspend(tx, found, now, by)
            if wanted.suspended is False and found.status is not AuthenticatorStatus.ACTIVE:
                await _resume(tx, found, now, by)
            if wanted.name is not None and tidy(wanted.name) != found.name:
                await tx.authenticators.rename(person, which, tidy(wanted.name))
                await tx.trail.append(
                    operated(person, "authenticator.renamed", now, by, factor=found.factor)
                )
            changed = await _theirs(tx, person, which)
        await self._heed(person)
        return changed

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
                message = "it is not held, so there is nothing to approve"
                raise Conflict(message)
            released = await tx.authenticators.release(found, now)
            await _tell(tx, found, "authenticator.approved", now=now, by=by)
        return released

    async def resume(self, person: Person, which: AuthenticatorId, by: str) -> Authenticator:
        """What somebody said was not theirs works again, once an operator learned that it is.

        Raises:
            NotFound: the person has no such authenticator.
            Conflict: it is not suspended.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            return await _resume(tx, await _theirs(tx, person, which), now, by)

    async def remove(self, person: Person, which: AuthenticatorId, by: str) -> None:
        """The authenticator is gone, and with it every session and open challenge of the person.

        Where it was the last one, the person needs recovery: removing opens no first enrollment.

        Raises:
            NotFound: the person has no such authenticator.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            found = await _theirs(tx, person, which)
            await tx.authenticators.move(found, "remove", now)
            await _sign_out(tx, person, now)
            await _tell(tx, found, "authenticator.removed", now=now, by=by)
            # Only then: who reads an address that goes with it is to hear of it too.
            await tx.contacts.drop(person, found.id, now)
        await self._heed(person)


async def _suspend(tx: Transaction, found: Authenticator, now: datetime, by: str) -> None:
    if found.status is not AuthenticatorStatus.ACTIVE:
        message = f"{_OVER[found.status]}, so there is nothing to suspend"
        raise Conflict(message)
    await tx.authenticators.move(found, "suspend", now)
    await _sign_out(tx, found.person, now)
    await _tell(tx, found, "authenticator.suspended", now=now, by=by)


async def _resume(tx: Transaction, found: Authenticator, now: datetime, by: str) -> Authenticator:
    if found.status is not AuthenticatorStatus.SUSPENDED:
        over = _OVER.get(found.status)
        message = (
            f"{over} for good; remove it and set up another" if over else "it is not suspended"
        )
        raise Conflict(message)
    resumed = await tx.authenticators.move(found, "resume", now)
    await _tell(tx, found, "authenticator.resumed", now=now, by=by)
    return resumed


async def _tell(
    tx: Transaction, about: Authenticator, name: str, *, now: datetime, by: str
) -> None:
    """The trail says what was done, and its owner is told."""
    await tx.trail.append(operated(about.person, name, now, by, factor=about.factor))
    await leave(tx, about.person, name.replace(".", "_"), now, about=about)


async def _sign_out(tx: Transaction, person: Person, now: datetime) -> None:
    await tx.challenges.void(person, now)
    await end_sessions(tx, person, now)


async def _theirs(tx: Transaction, person: Person, which: AuthenticatorId) -> Authenticator:
    for item in await tx.authenticators.of(person):
        if item.id == which:
            return item
    message = "no such authenticator of this person; list what they have"
    raise NotFound(message)
