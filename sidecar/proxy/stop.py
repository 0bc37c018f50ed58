"""A request that its session does not allow: looked at once more, and answered if it must be."""

from dataclasses import replace
from datetime import datetime

import structlog

from sidecar.core import decision
from sidecar.core.decision import Decision, Evidence, decide
from sidecar.core.model import Identity, Person, Session, SessionId, SessionStatus
from sidecar.core.policy import Rule
from sidecar.flows import Flows
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from sidecar.metrics.words import Decided
from sidecar.metrics.worker import Metrics
from sidecar.proxy.answer import Answerer
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.forward import relayed
from sidecar.proxy.recognise import Seen, recognise
from sidecar.proxy.verdicts import Reply

_DECIDED = {
    decision.StepUp: Decided.STEP_UP,
    decision.Enroll: Decided.ENROLL,
    decision.Recover: Decided.RECOVER,
    decision.Identify: Decided.IDENTIFY,
    decision.Deny: Decided.DENY,
}

log = structlog.get_logger(__name__)


class Stopper:
    """Knows what a person could prove with, which no allowed request has to ask."""

    def __init__(self, flows: Flows, answerer: Answerer, metrics: Metrics) -> None:
        self._flows = flows
        self._answerer = answerer
        self._metrics = metrics
        self._levels = flows.kit.levels
        if flows.kit.exempts_disabled:
            log.warning("policy.exempts_disabled", hint="two_factor holds not for the disabled")

    async def look(
        self, rules: tuple[Rule, ...], identity: Identity, session: Session | None
    ) -> Decision:
        """Return what is decided of somebody of whom is known, now, what they could prove with.

        Also whoever is let pass although nothing was proven: see `exempt_disabled`.
        """
        held = await portfolio(self._flows.kit, identity.person)
        proofs = session.proofs if session else ()
        evidence = Evidence(identity, proofs, held, self._levels)
        return decide(rules, evidence, self._flows.kit.clock())

    async def answer(
        self,
        decided: Decision,
        arrival: Arrival,
        visit: Visit | None,
        *,
        identity: Identity | None,
        rules: tuple[Rule, ...],
    ) -> Reply:
        """Return what whoever asked is told instead."""
        seen = Seen()
        if visit is not None and isinstance(decided, decision.StepUp):
            seen = await recognise(self._flows.browsers, arrival, visit, rules)
        log.info(
            "request.stopped",
            rule=decided.rule.name,
            reason_id=decided.reason_id,
            request_id=arrival.request_id,
        )
        if visit is not None and isinstance(decided, decision.Deny):
            await self._flows.refusals.record(visit, decided.rule.name, decided.reason_id)
        reply = seen.reply or await self._answerer.answer(decided, arrival, visit)
        became = Decided.REMEMBERED if seen.reply else _DECIDED[type(decided)]
        headers = (*reply.headers, *seen.headers, *relayed(identity))
        answers = self._metrics.answers(decided.rule.name, became)
        return replace(reply, headers=headers, answers=answers)


def stand_in(person: Person, request_id: str, now: datetime, until: datetime) -> Session:
    """Return what a request of somebody exempt, who has no session, is under way for.

    It is stored nowhere and ends with the person's sessions: once their factors are switched on
    again, nothing of theirs runs on without one.
    """
    which = SessionId(f"exempt-{request_id}")
    return Session(which, person, SessionStatus.PENDING, now, expires_at=until, last_seen_at=now)
