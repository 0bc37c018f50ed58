"""The metrics of one worker, as the rest of the sidecar calls them."""

import os
from datetime import datetime, timedelta
from typing import Final

from sidecar.core.protocols import Clock
from sidecar.metrics import families
from sidecar.metrics.counts import Answers, Count, Gauge, Times
from sidecar.metrics.families import FAMILIES, NANOSECONDS, Family, Kind
from sidecar.metrics.ledger import PID, SEEN, Ledger
from sidecar.metrics.words import (
    NO_RULE,
    OTHER,
    WIRE,
    Called,
    Decided,
    Failure,
    Found,
    Question,
    State,
)

LIVES_FOR: Final = timedelta(seconds=10)
"""A worker that told nothing for so long is gone, or cannot serve: its gauges do not count."""


class UpstreamMetrics:
    """What is counted of one application."""

    def __init__(self, metrics: "Metrics", name: str) -> None:
        self._failures = metrics.counts(families.UPSTREAM_FAILURES, name)
        self._states = metrics.gauges(families.UPSTREAM_CONNECTIONS, name)
        (self._waiting,) = metrics.gauges(families.UPSTREAM_WAITING, name)
        (self._down,) = metrics.gauges(families.UPSTREAM_DOWN, name)
        self.observe = metrics.times(families.UPSTREAM_TIMES, name).observe
        """Takes the seconds from a request's being sent to the head of its answer."""

    def failed(self, how: Failure) -> None:
        """A request was not answered as it should be."""
        self._failures[how].count()

    def pool(self, *, idle: int, taken: int, waiting: int, down: int) -> None:
        """Tell what the pool has now: connections, waiting requests, silent addresses."""
        self._states[State.IDLE].set(idle)
        self._states[State.TAKEN].set(taken)
        self._waiting.set(waiting)
        self._down.set(down)


class Metrics:
    """What one worker counts, in its lane of the ledger; its predecessor's counts go on."""

    def __init__(self, ledger: Ledger, clock: Clock, number: int = 0) -> None:
        self.ledger = ledger
        self._clock = clock
        self._number = number
        self._row = ledger.rows[number]
        self._begin()
        rules, upstreams, sources = (ledger.values[key] for key in ("rule", "upstream", "source"))
        self._answers = {rule: self._answered(rule) for rule in rules}
        self._refusals = dict(
            zip(ledger.values["reason"], self.counts(families.REFUSALS), strict=True)
        )
        self._questions = {name: self.counts(families.QUESTIONS, name) for name in sources}
        self._sessions = self.counts(families.SESSIONS)
        factors = ledger.values["factor"]
        self._plugins = {name: self.counts(families.PLUGIN_CALLS, name) for name in factors}
        self._upstreams = {name: UpstreamMetrics(self, name) for name in upstreams}
        self.added = self.times(families.ADDED)
        (self.requests,) = self.gauges(families.REQUESTS_RUNNING)
        (self.connections,) = self.gauges(families.CONNECTIONS)
        (self._tunnels,) = self.gauges(families.TUNNELS)
        (self._tunnels_opened,) = self.counts(families.TUNNELS_OPENED)
        (self._store_down,) = self.gauges(families.STORE_DOWN)
        (self._feed_age,) = self.gauges(families.FEED_AGE)
        (self._clock_offset,) = self.gauges(families.CLOCK_OFFSET)
        (self._sweep_age,) = self.gauges(families.SWEEP_AGE)
        self._removed = dict(zip(ledger.values["table"], self.counts(families.SWEPT), strict=True))

    def _begin(self) -> None:
        """The lane is this process's, and nothing in it is the case any more."""
        for family in FAMILIES:
            if family.kind is Kind.GAUGE:
                for gauge in self.gauges(family):
                    gauge.set(0)
        for family, number in (
            (families.WORKERS, len(self.ledger.rows)),
            (families.WORKERS_UP, 1),
            (families.BUILD, 1),
        ):
            self.gauges(family)[0].set(number)
        self._row[PID] = os.getpid()
        self.pulse()

    # -- requests ------------------------------------------------------------------------------

    def answers(self, rule: str, decided: Decided) -> Answers:
        """Return what counts the answers; a rule that was not known at start counts as none."""
        return (self._answers.get(rule) or self._answers[NO_RULE])[decided]

    def refused(self, reason: str) -> None:
        """A problem was told, known by its slug."""
        self._refusals.get(reason, self._refusals[OTHER]).count()

    def refused_unread(self, status: int) -> None:
        """The front answered what was no request, or one too many."""
        self.refused(WIRE.get(status, OTHER))
        self.answers(NO_RULE, Decided.REFUSED).count(status)

    def tunnel_opened(self) -> None:
        self._tunnels.add(1)
        self._tunnels_opened.count()

    def tunnel_ended(self) -> None:
        self._tunnels.add(-1)

    # -- what it depends on --------------------------------------------------------------------

    def upstream(self, name: str) -> UpstreamMetrics:
        return self._upstreams[name]

    def question(self, source: str, answer: Question) -> None:
        """It was found out, or not, who a request is from."""
        self._questions[source][answer].count()

    def session(self, found: Found) -> None:
        """A session was looked up."""
        self._sessions[found].count()

    def plugin(self, factor: str, called: Called) -> None:
        """A factor plugin was called."""
        self._plugins[factor][called].count()

    def store_down(self, down: bool) -> None:  # noqa: FBT001 - a fact, no switch
        """Tell whether the database is taken to be down."""
        self._store_down.set(int(down))

    def feed_read(self, at: datetime) -> None:
        """Tell when the revocations were last read."""
        self._feed_age.set(_nanoseconds(max(timedelta(), self._clock() - at)))

    def swept(self, at: datetime) -> None:
        """Tell when the store was last swept."""
        self._sweep_age.set(_nanoseconds(max(timedelta(), self._clock() - at)))

    def removed(self, table: str, rows: int) -> None:
        """This process removed rows that were over."""
        self._removed[table].add(rows)

    def clock_off(self, by: timedelta) -> None:
        """Tell by how much this clock differs from the database's."""
        self._clock_offset.set(_nanoseconds(abs(by)))

    # -- living --------------------------------------------------------------------------------

    def pulse(self) -> None:
        """The worker lives, and its gauges say what is the case."""
        self._row[SEEN] = self._now()

    def living(self) -> tuple[int, ...]:
        """Return the numbers of the workers that live; whoever asks is always one."""
        since = self._now() - _nanoseconds(LIVES_FOR)
        return tuple(
            number
            for number, row in enumerate(self.ledger.rows)
            if number == self._number or row[SEEN] >= since
        )

    def _now(self) -> int:
        return int(self._clock().timestamp() * NANOSECONDS)

    # -- cells ---------------------------------------------------------------------------------

    def counts(self, family: Family, *labels: str) -> tuple[Count, ...]:
        """Return a count for each series whose labels begin with these."""
        return tuple(map(Count, self._each(family, *labels)))

    def gauges(self, family: Family, *labels: str) -> tuple[Gauge, ...]:
        """Return a gauge for each series whose labels begin with these."""
        return tuple(map(Gauge, self._each(family, *labels)))

    def times(self, family: Family, *labels: str) -> Times:
        """Return what takes the durations of one series."""
        return Times(self.ledger.cells(self._row, family, *labels), family.bounds)

    def _answered(self, rule: str) -> tuple[Answers, ...]:
        decisions = self.ledger.values["decision"]
        cells = (self.ledger.cells(self._row, families.REQUESTS, rule, one) for one in decisions)
        return tuple(map(Answers, cells))

    def _each(self, family: Family, *labels: str) -> list[memoryview]:
        cells = self.ledger.cells(self._row, family, *labels)
        return [cells[at : at + 1] for at in range(len(cells))]


def _nanoseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1) * 1000
