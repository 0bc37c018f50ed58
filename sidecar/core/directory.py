"""Everybody: listed page by page, counted, renamed and erased."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from sidecar.core.model import Account, Authenticator, Event, Person

ERASED: Final = "erased"
"""Stands where a realm was in what is kept of somebody erased; no realm can be called so."""


PERSON_ERASED: Final = "person.erased"
"""Names the event that says, as `pseudonym`, under which name somebody is known since.

A trail in which a name was taken out without one is not whole.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people a listing is about; None: whatever it is."""

    realm: str | None = None
    enabled: bool | None = None
    enrolled: bool | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What is known of one person where many are asked about at once."""

    account: Account | None = None
    authenticators: tuple[Authenticator, ...] = ()
    """As `Authenticators.of` gives them."""


@dataclass(frozen=True, slots=True)
class TryRecord:
    """One counted try at a factor, as the trail of tries keeps it."""

    id: int
    person: Person
    factor: str
    at: datetime
    verified: bool
    known: bool
    """It came from a browser that once passed."""
    settled: bool
    """Its outcome was told; one that never was counts as a failure."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows of a trail are asked for: of whom, from when to when, and below which row."""

    person: Person | None = None
    name: str | None = None
    """A factor for tries, an event's name for events."""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    """The last row of the page before; rows come newest first."""


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An act with its place in the trail."""

    sequence: int
    event: Event


@dataclass(frozen=True, slots=True)
class Census:
    """What is counted over everybody."""

    people: int
    enrolled: int
    disabled: int
    authenticators: Mapping[str, int] = field(default_factory=dict)
    """Active ones, by factor."""
    verified: Mapping[str, int] = field(default_factory=dict)
    """Tries that were right since the moment asked about, by factor."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Tries that were not, by factor."""
    recoveries: int = 0
    """Requests that wait for a decision."""


class Directory(Protocol):
    """What is known over more than one person."""

    async def page(
        self, wanted: Wanted, *, after: Person | None, limit: int
    ) -> tuple[Account, ...]:
        """Return people in the order of realm and subject, byte for byte, after this one."""
        ...

    async def holdings(self, people: Sequence[Person]) -> Mapping[Person, Holding]:
        """Return what is known of each of these people, in few statements; nothing is a value."""
        ...

    async def rename(self, person: Person, to: Person, now: datetime) -> None:
        """Everything of the person is the other name's; what was in flight is void.

        Seals and MACs are bound to the person and are made anew; an authenticator that does not
        open stays unreadable. Tries go along, so that a new name is no way to guess afresh. The
        audit trail keeps the name of its time.

        Raises:
            Conflict: somebody has that name already.

        """
        ...

    async def erase(self, person: Person, now: datetime) -> str:
        """Return the pseudonym that tries and audit rows are kept under; all else goes.

        The trail stays whole: its chain never held the name, only the pseudonym.
        """
        ...

    async def adopt(self, new: tuple[Authenticator, ...], now: datetime) -> None:
        """Many authenticators of people who had none are there, and their people are enrolled.

        In few statements: an import brings thousands.

        Raises:
            Conflict: one of the people holds, or held, something already.

        """
        ...

    async def tries(self, span: Span, limit: int) -> tuple[TryRecord, ...]: ...

    async def events(self, span: Span, limit: int) -> tuple[NumberedEvent, ...]: ...

    async def census(self, since: datetime) -> Census: ...

    async def sharing(
        self, *, factor: str = "", spared: Collection[str] = (), limit: int
    ) -> tuple[Person, ...]:
        """Return people who hold a shared secret that could prove something, or be resumed.

        Of one factor, or of all but those spared.
        """
        ...

    async def count_sharing(self, *, factor: str = "", spared: Collection[str] = ()) -> int:
        """Return how many such people there are."""
        ...

    async def stranded(self) -> int:
        """Return how many people once enrolled and hold nothing that proves anything now."""
        ...
