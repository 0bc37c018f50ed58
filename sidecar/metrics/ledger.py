"""Where each number is: laid out at start, one lane for each worker."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

from sidecar import __version__
from sidecar.core.errors import Undelivered, Unserved
from sidecar.core.slugs import slugs
from sidecar.lanes import Lanes
from sidecar.metrics.families import FAMILIES, Family
from sidecar.metrics.words import (
    CHANNELS,
    NO_REGION,
    NO_RULE,
    OTHER,
    STATUSES,
    WIRE,
    Called,
    Decided,
    Failure,
    Found,
    Heard,
    Outcome,
    Question,
    State,
    Swept,
    Work,
    words,
)

PID: Final = 0
"""The cell with the process of a lane; 0 where none ever was."""
SEEN: Final = 1
"""The cell with the moment at which the lane's worker last told its gauges, in nanoseconds."""
_FIRST: Final = 2


@dataclass(frozen=True, slots=True)
class Names:
    """What the configuration names; nothing else can become the value of a label."""

    rules: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Ledger:
    """The numbers of all workers; made before they are forked."""

    def __init__(self, names: Names, workers: int = 1) -> None:
        self.values: Mapping[str, tuple[str, ...]] = _values(names)
        """What each label may say."""
        self._starts: dict[str, int] = {}
        end = _FIRST
        for family in FAMILIES:
            self._starts[family.name] = end
            end += self._size(family)
        self._lanes = Lanes(workers, end)

    @property
    def rows(self) -> tuple[memoryview, ...]:
        return self._lanes.rows

    def series(self, family: Family) -> Iterator[tuple[str, ...]]:
        """Yield the labels of each series, in the order of their cells."""
        return product(*(self.values[label] for label in family.labels))

    def cells(self, row: memoryview, family: Family, *labels: str) -> memoryview:
        """Return a worker's cells of the series whose labels begin with these."""
        at = 0
        for name, label in zip(family.labels, labels, strict=False):
            values = self.values[name]
            at = at * len(values) + values.index(label)
        size = self._size(family, known=len(labels))
        start = self._starts[family.name] + at * size
        return row[start : start + size]

    def _size(self, family: Family, known: int = 0) -> int:
        """Return how many cells there are once so many labels are known."""
        return family.width * prod(len(self.values[label]) for label in family.labels[known:])


def _values(names: Names) -> dict[str, tuple[str, ...]]:
    return {
        "rule": (*dict.fromkeys(names.rules), NO_RULE),
        "decision": words(Decided),
        "status": STATUSES,
        "reason": (*sorted(slugs()), *WIRE.values(), OTHER),
        "upstream": names.upstreams,
        "failure": words(Failure),
        "state": words(State),
        "source": names.sources,
        "answer": words(Question),
        "factor": names.factors,
        "call": words(Called),
        "found": words(Found),
        "work": words(Work),
        "table": words(Swept),
        "fault": tuple(Unserved),
        "transport": (*names.transports, OTHER),
        "channel": (*CHANNELS, OTHER),
        "outcome": words(Outcome),
        "why": tuple(Undelivered),
        "heard": words(Heard),
        "region": (*dict.fromkeys(names.regions), NO_REGION),
        "version": (__version__,),
    }
