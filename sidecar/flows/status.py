"""Where a person stands now: what they could prove with, and what is closed to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sidecar.core.decision import Portfolio
from sidecar.core.model import Account, Level, LookupCodes, Person, Standing
from sidecar.core.stores import Transaction
from sidecar.flows.kit import Kit
from sidecar.flows.portfolio import portfolio_in


@dataclass(frozen=True, slots=True)
class Ready:
    """A factor that the person can prove now."""

    factor: str
    level: Level
    """What a proof gives now."""
    held_until: datetime | None = None
    """From when it gives more; None: it gives all it can."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A factor whose tries are used up for a while, in one of the two buckets they count in."""

    factor: str
    known: bool
    """Of browsers that once passed as this person; else of strangers, and programs."""
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Status:
    """What a program may know of a person before it asks them for anything."""

    person: Person
    account: Account | None
    """None: the person was never here, which is no other status than a newcomer's."""
    standing: Standing
    ready: tuple[Ready, ...] = ()
    codes_left: int = 0
    sessions: int = 0
    """Browsers that are signed in with something proven."""
    locked: tuple[Locked, ...] = ()
    exempt: bool = False

    @property
    def level(self) -> Level:
        """The most that a proof could give now."""
        return max((one.level for one in self.ready), default=Level.ONE_FACTOR)


async def status_of(kit: Kit, person: Person) -> Status:
    """Return where the person stands; nothing is counted, nothing changes."""
    now = kit.clock()
    async with kit.store.read() as tx:
        held = await tx.authenticators.of(person)
        found = await portfolio_in(tx, kit, person)
        sessions = await tx.sessions.of(person, now)
        mine = sorted({item.factor for item in held if item.factor in kit.factors})
        return Status(
            person,
            await tx.accounts.get(person),
            found.standing,
            _ready(kit, found),
            codes_left=sum(
                item.material.left
                for item in held
                if item.usable and isinstance(item.material, LookupCodes)
            ),
            sessions=sum(
                bool(one.proofs) and not one.client and now - one.last_seen_at <= kit.times.idle
                for one in sessions
            ),
            locked=await _locked(tx, person, mine, now),
            exempt=found.exempt,
        )


def _ready(kit: Kit, found: Portfolio) -> tuple[Ready, ...]:
    return tuple(
        Ready(
            factor,
            found.worth[factor],
            min((one.until for one in found.held if one.factor == factor), default=None)
            if found.worth[factor] < kit.levels[factor]
            else None,
        )
        for factor in found.usable
    )


async def _locked(
    tx: Transaction, person: Person, factors: Iterable[str], now: datetime
) -> tuple[Locked, ...]:
    found = []
    for factor in factors:
        for known in (False, True):
            wait = await tx.attempts.closed(person, factor, known=known, now=now)
            if wait is not None:
                found.append(Locked(factor, known, wait))
    return tuple(found)
