"""People move out with what they have: page by page, and sealed to whoever takes them in."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.core.directory import Holding, Wanted
from sidecar.core.model import Authenticator, AuthenticatorStatus, Event, Person
from sidecar.core.protocols import Clock
from sidecar.core.seeds import Portable
from sidecar.core.stores import APART, Store
from sidecar.flows.movable import Movable
from sidecar.transfer.keys import Pair
from sidecar.transfer.sealed import first_line, last_line, seal

READY = Wanted(enabled=True, enrolled=True)
"""Whom an export is about; whoever is switched off would be on again where they are taken in."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come."""

    after: Person
    count: int
    """Authenticators so far; the last line says how many there were."""


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of the file, one after the other over all pages."""

    lines: tuple[str, ...]
    left: int
    """Authenticators of these people that do not travel."""
    next: Place | None


class Exports:
    """Gives people out; nothing leaves unsealed."""

    def __init__(self, store: Store, clock: Clock, movable: Movable) -> None:
        self._store = store
        self._clock = clock
        self._movable = movable

    async def page(
        self, recipient: Pair, by: str, *, limit: int, place: Place | None = None
    ) -> Page:
        """Return the lines of so many people, which the trail tells of before anybody has them.

        Raises:
            PluginFailed: a factor could not give out a seed.

        """
        async with self._store.read() as tx:
            after = place.after if place else None
            found = await tx.directory.page(READY, after=after, limit=limit)
            people = [account.person for account in found]
            held = await tx.directory.holdings(people)
        ready, left = self._travellers(people, held)
        # In a thread: agreeing on a key for each line would hold up everybody else's requests.
        lines = await asyncio.to_thread(lambda: [seal(one, recipient) for one in ready])
        count = len(ready) + (place.count if place else 0)
        over = len(people) < limit
        await self._record(recipient, by, len(ready))
        whole = (
            *([first_line(recipient)] if place is None else []),
            *lines,
            *([last_line(count)] if over else []),
        )
        return Page(whole, left, None if over else Place(people[-1], count))

    def _travellers(
        self, people: Sequence[Person], held: Mapping[Person, Holding]
    ) -> tuple[list[Portable], int]:
        ready, left = [], 0
        for person in people:
            for item in held[person].authenticators:
                portable = self._portable(item)
                if portable is None:
                    left += 1
                else:
                    ready.append(portable)
        return ready, left

    def _portable(self, item: Authenticator) -> Portable | None:
        """Return what travels; what is held back would count in full where it is taken in."""
        if item.status is not AuthenticatorStatus.ACTIVE or item.held(self._clock()) is not None:
            return None
        material = self._movable.material(item)
        if material is None:
            return None
        return Portable(item.person.user_id, item.factor, item.name, material, item.created_at)

    async def _record(self, recipient: Pair, by: str, count: int) -> None:
        details: dict[str, str | int | bool] = {"recipient": recipient.id, "count": count}
        event = Event(self._clock(), "authenticators.exported", None, by, details=details)
        async with self._store.begin(APART) as tx:
            await tx.trail.append(event)
