"""Everybody whom the sidecar knows: listed page by page, called otherwise, erased."""

from sidecar.core.api_errors import InputFault, InputInvalid
from sidecar.core.directory import PERSON_ERASED, Wanted
from sidecar.core.errors import NotFound
from sidecar.core.model import Account, Event, Person
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store, Transaction
from sidecar.flows.ending import Heed, unheeded
from sidecar.flows.kit import new_id
from sidecar.flows.notices import leave
from sidecar.flows.record import operated


class Everybody:
    """Needs neither HTTP nor plugins."""

    def __init__(self, store: Store, clock: Clock, heed: Heed = unheeded) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed

    async def page(
        self, wanted: Wanted, *, after: Person | None, limit: int
    ) -> tuple[Account, ...]:
        """Return people in the order of realm and subject, after this one."""
        async with self._store.read() as tx:
            return await tx.directory.page(wanted, after=after, limit=limit)

    async def rename(self, person: Person, to: Person, by: str) -> Account:
        """Everything of the person is the other name's; they are signed out everywhere, and told.

        The trail keeps the name of its time; one event under each name, with one word in both,
        says which became which without naming it, so that erasing either leaves no trace of it.

        Raises:
            InputInvalid: the other name is of another realm, whose people are others.
            NotFound: nothing is known of the person.
            Conflict: somebody has the other name.

        """
        if person.realm != to.realm:
            fault = f"a person of {person.realm} stays one; write {person.realm}:…"
            raise InputInvalid(InputFault(fault, "/user_id"))
        now = self._clock()
        async with self._store.begin(person, to) as tx:
            account = await tx.accounts.get(person)
            if account is None:
                raise _unknown()
            if to == person:
                return account
            await tx.directory.rename(person, to, now)
            word = new_id()
            for name in (person, to):
                await tx.trail.append(operated(name, "person.renamed", now, by, renaming=word))
            # By another name, what one person set up would open what was another's.
            await leave(tx, to, "person_renamed", now)
            account = await tx.accounts.ensure(to, now)
        await self._heed(person)
        await self._heed(to)
        return account

    async def erase(self, person: Person, by: str) -> str:
        """Nothing of the person is left but tries and acts under the pseudonym that is returned.

        Nobody is told of it: where to is gone, too.

        Raises:
            NotFound: nothing is known of the person.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            if not await _is_known(tx, person):
                raise _unknown()
            await tx.sessions.end(person, None)  # what is kept of them elsewhere goes, too
            pseudonym = await tx.directory.erase(person, now)
            details = {"pseudonym": pseudonym}
            await tx.trail.append(Event(now, PERSON_ERASED, None, by, details=details))
        await self._heed(person)
        return pseudonym


async def _is_known(tx: Transaction, person: Person) -> bool:
    """Tell whether anything names the person, be it only what was done under an earlier name."""
    return (
        await tx.accounts.get(person) is not None
        or bool(await tx.authenticators.of(person))
        or bool(await tx.trail.of(person, 1))
    )


def _unknown() -> NotFound:
    message = "nothing is known of this person; look for them in the list of people"
    return NotFound(message)
