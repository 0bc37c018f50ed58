"""Requests that go on while the database cannot be reached: few, counted and loud."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.core.model import Identity, Session
from sidecar.core.outage import LASTS, outlasts
from sidecar.core.policy import Rule
from sidecar.flows import Flows
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.recall import outlasting
from sidecar.proxy.route import Routed

TOLD_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger(__name__)


class Outages:
    """Knows who may go on by what was in memory before, where a rule says so (promise 2)."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._levels = flows.kit.levels
        self._allowed = 0
        self._told_at: datetime | None = None

    def bear(
        self,
        arrival: Arrival,
        routed: Routed,
        rules: tuple[Rule, ...],
        *,
        identity: Identity | None,
        lost: StoreUnavailable,
    ) -> Session:
        """Return the session by which the request goes on although the store was lost.

        Raises:
            StoreUnavailable: it does not.

        """
        now = self._flows.kit.clock()
        session = None
        if lost.why is Unserved.UNREACHABLE and not _lasts_or_writes(arrival, routed):
            session = outlasting(self._flows.sessions, arrival, now)
        if identity is None or session is None:
            raise lost
        read_at = self._flows.revocations.read_at
        proofs = session.proofs if self._flows.sessions.belongs(session, identity) else None
        if proofs is None or not outlasts(rules, proofs, self._levels, read_at=read_at, now=now):
            raise lost
        self._tell(rules, now)
        return session

    def _tell(self, rules: tuple[Rule, ...], now: datetime) -> None:
        self._allowed += 1
        if self._told_at is None or now - self._told_at >= TOLD_EVERY:
            log.warning(
                "outage.allowed",
                requests=self._allowed,
                rules=[rule.name for rule in rules],
                hint=f"on_outage: allow_if_proven, for {LASTS.seconds // 60} minutes at the most",
            )
            self._told_at, self._allowed = now, 0


def bearable(rules: Iterable[Rule], flows: Flows, *, shelved: bool) -> Callable[[], frozenset[str]]:
    """Return what tells the parts that may fail while most requests are still served.

    Without Redis nobody new gets in, and whoever is in goes on, unless sessions are `shelved`
    there; so it is without the database for as long as a rule bears that.
    """
    bears, feed = any(rule.outlasts for rule in rules), flows.revocations

    def now() -> frozenset[str]:
        lasts = feed.read_at is not None and flows.kit.clock() - feed.read_at <= LASTS
        parts = {"redis": not shelved, "store": bears and lasts}
        return frozenset(name for name, borne in parts.items() if borne)

    return now


def _lasts_or_writes(arrival: Arrival, routed: Routed) -> bool:
    """Tell whether the request may outlast the exception, or changes what is known of a session.

    A tunnel runs for a day; whoever signs in or out changes whose the proofs are.
    """
    return arrival.inbound.upgrade or routed.login or routed.logout
