"""People move in with what they have: taken in by the hundred, and nothing of anybody replaced."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sidecar.core.api_errors import InputInvalid
from sidecar.core.directory import Holding
from sidecar.core.errors import Conflict, IdentityUnavailable
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Person,
)
from sidecar.core.protocols import Clock
from sidecar.core.seeds import Portable
from sidecar.core.states import AUTHENTICATOR, follow
from sidecar.core.stores import Store, Transaction
from sidecar.flows.admission import MOST_HELD
from sidecar.flows.kit import new_id
from sidecar.flows.movable import Movable, Taken
from sidecar.flows.naming import Naming
from sidecar.flows.record import operated


class Status(StrEnum):
    """What became of an entry."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    """The person has exactly this already: the import was run before."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """An authenticator on its way in; `realm` says whose subject `user_id` is, where known."""

    portable: Portable
    realm: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """An entry of which nothing could be made, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry, and why where it was refused; no secret is in it."""

    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Wish:
    """An entry whose person and material are known."""

    at: int
    person: Person
    name: str
    created_at: datetime | None
    taken: Taken = field(repr=False)


Judged = dict[int, Outcome]
"""By the place of the entry."""

ADDED = Outcome(Status.ADDED)
UNCHANGED = Outcome(Status.UNCHANGED)
_TWICE = "the same is there twice; the first counts"
_SINGLE = "a person can have one of this factor, and the first counts"
_MANY = f"a person may not have more than {MOST_HELD}, and the first count"
_OFF = "the person is switched off: enable them first"
_LOST = "the person had something set up before: reset them first"
_OTHER = "the person has set up something else, and nothing is replaced: reset them first"
_INACTIVE = "the person has it already, and it is not active"
_REGISTERED = "a key is registered already, to whomever, or somebody was faster: try again"


class Imports:
    """Takes people in; needs neither HTTP nor a running sidecar."""

    def __init__(self, store: Store, clock: Clock, naming: Naming, movable: Movable) -> None:
        self._store = store
        self._clock = clock
        self._naming = naming
        self._movable = movable

    async def take(
        self, batch: Sequence[Entry | Unread], by: str, *, dry: bool = False
    ) -> tuple[Outcome, ...]:
        """Return what became of each entry; a dry run says what would, and changes nothing.

        What is taken in counts at once. Its people are not told: an import would write to
        everybody. Entries of one person belong into one batch, for afterwards the person has
        something.

        Raises:
            PluginFailed: a factor could not say whether it takes a seed.

        """
        judged: Judged = {}
        wishes = list(self._wishes(batch, judged))
        if dry:
            async with self._store.read() as tx:
                found = await tx.directory.holdings(_people(wishes))
                self._judge(wishes, found, judged)
        else:
            try:
                judged |= await self._settle(wishes, by)
            except Conflict:
                judged |= await self._settle_apart(wishes, by)
        return tuple(judged[at] for at in range(len(batch)))

    # -- what is wished ------------------------------------------------------------------------

    def _wishes(self, batch: Iterable[Entry | Unread], judged: Judged) -> Iterable[_Wish]:
        """Yield what can be taken in as far as the entries themselves say; judge the others."""
        marks, single, each = set(), set(), Counter[Person]()
        for at, entry in enumerate(batch):
            wish = self._wish(at, entry)
            if isinstance(wish, str):
                judged[at] = Outcome(Status.REFUSED, wish)
                continue
            mark, only = (wish.person, wish.taken.mark), (wish.person, wish.taken.factor)
            if mark in marks:
                judged[at] = Outcome(Status.REFUSED, _TWICE)
            elif only in single:
                judged[at] = Outcome(Status.REFUSED, _SINGLE)
            elif each[wish.person] >= MOST_HELD:
                judged[at] = Outcome(Status.REFUSED, _MANY)
            else:
                marks.add(mark)
                each[wish.person] += 1
                if wish.taken.factor in self._movable.single:
                    single.add(only)
                yield wish

    def _wish(self, at: int, entry: Entry | Unread) -> _Wish | str:
        if isinstance(entry, Unread):
            return entry.why
        portable = entry.portable
        try:
            person = self._person(entry)
        except IdentityUnavailable as refused:
            return str(refused)
        except InputInvalid as refused:
            return refused.faults[0].detail
        taken = self._movable.taken(portable)
        if isinstance(taken, str):
            return taken
        return _Wish(at, person, portable.name or taken.factor, portable.created_at, taken)

    def _person(self, entry: Entry) -> Person:
        if entry.realm:
            return self._naming.within(entry.realm, entry.portable.user_id)
        return self._naming.person(entry.portable.user_id)

    # -- what becomes of it --------------------------------------------------------------------

    async def _settle(self, wishes: Sequence[_Wish], by: str) -> Judged:
        """All of it is there, or nothing.

        Raises:
            Conflict: something of it is somebody else's.

        """
        judged: Judged = {}
        if not wishes:
            return judged
        people = _people(wishes)
        async with self._store.begin(*people) as tx:
            new = self._judge(wishes, await tx.directory.holdings(people), judged)
            await self._add(tx, new, by)
        return judged

    async def _settle_apart(self, wishes: Sequence[_Wish], by: str) -> Judged:
        """Whoever is in the way of nobody is taken in."""
        judged: Judged = {}
        for person in _people(wishes):
            theirs = [wish for wish in wishes if wish.person == person]
            try:
                judged |= await self._settle(theirs, by)
            except Conflict:
                refused = Outcome(Status.REFUSED, _REGISTERED)
                judged |= dict.fromkeys((wish.at for wish in theirs), refused)
        return judged

    def _judge(
        self, wishes: Iterable[_Wish], found: Mapping[Person, Holding], judged: Judged
    ) -> list[_Wish]:
        """Return what is to be added; say of every wish what becomes of it."""
        new = []
        for wish in wishes:
            outcome = self._outcome(wish, found[wish.person])
            judged[wish.at] = outcome
            if outcome is ADDED:
                new.append(wish)
        return new

    def _outcome(self, wish: _Wish, holding: Holding) -> Outcome:
        account, held = holding.account, holding.authenticators
        same = [item for item in held if self._movable.mark(item) == wish.taken.mark]
        if any(item.status is AuthenticatorStatus.ACTIVE for item in same):
            return UNCHANGED
        if held:
            return Outcome(Status.REFUSED, _INACTIVE if same else _OTHER)
        if account is not None and not account.enabled:
            return Outcome(Status.REFUSED, _OFF)
        if account is not None and account.enrolled_at is not None:
            return Outcome(Status.REFUSED, _LOST)
        return ADDED

    async def _add(self, tx: Transaction, wishes: Sequence[_Wish], by: str) -> None:
        now = self._clock()
        await tx.directory.adopt(tuple(self._made(wish, now) for wish in wishes), now)
        await tx.trail.append(
            *(
                operated(wish.person, "authenticator.imported", now, by, factor=wish.taken.factor)
                for wish in wishes
            )
        )

    def _made(self, wish: _Wish, now: datetime) -> Authenticator:
        taken = wish.taken
        return Authenticator(
            id=AuthenticatorId(new_id()),
            person=wish.person,
            factor=taken.factor,
            name=wish.name,
            status=follow(AUTHENTICATOR, AuthenticatorStatus.PENDING, "confirm"),
            level=self._movable.levels[taken.factor],
            version=1,
            created_at=min(now, wish.created_at or now),
            material=taken.material,
            detail=taken.detail,
        )


def _people(wishes: Iterable[_Wish]) -> tuple[Person, ...]:
    return tuple(dict.fromkeys(wish.person for wish in wishes))
