"""The life of one request: receive, route, identify, recall, decide, then answer or forward."""

from dataclasses import replace
from datetime import datetime

import structlog

from sidecar.core import decision, policy
from sidecar.core.cookies import KNOWN, LANGUAGE, TRUSTED
from sidecar.core.decision import Allow, Evidence, Identify, decide, lasting, strictest
from sidecar.core.errors import MalformedRequest, NotIdentified, SidecarError, StoreUnavailable
from sidecar.core.model import Identity, Session
from sidecar.core.policy import Rule
from sidecar.flows import Flows
from sidecar.flows.visit import CALLER, Caller, Visit
from sidecar.metrics.words import NO_RULE, Decided
from sidecar.metrics.worker import Metrics
from sidecar.proxy.answer import Answerer, Manner, manner, unread
from sidecar.proxy.arrival import Arrival, Inbound
from sidecar.proxy.contract import Contract
from sidecar.proxy.elsewhere import Announcer
from sidecar.proxy.forward import NOBODY, SAFE_METHODS, Passage, Wardens
from sidecar.proxy.identify import Identifier
from sidecar.proxy.known import Said
from sidecar.proxy.origins import refuse_foreign
from sidecar.proxy.outage import Outages
from sidecar.proxy.recall import at_hand, recall, touch
from sidecar.proxy.receive import Receiver
from sidecar.proxy.route import Routed, Router
from sidecar.proxy.stop import Stopper, stand_in
from sidecar.proxy.verdicts import Forward, Page, Reply, Verdict
from sidecar.proxy.vouch import Voucher

SERVER_ERROR = 500

log = structlog.get_logger(__name__)


class Pipeline:
    """Judges every request; what was judged is what goes on."""

    def __init__(
        self,
        *,
        receiver: Receiver,
        router: Router,
        identifier: Identifier,
        flows: Flows,
        answerer: Answerer,
        voucher: Voucher,
        contract: Contract,
        metrics: Metrics,
        announcer: Announcer | None = None,
    ) -> None:
        self._receiver = receiver
        self._router = router
        self._identifier = identifier
        self._flows = flows
        self._answerer = answerer
        self._stopper = Stopper(flows, answerer, metrics)
        self._outages = Outages(flows)
        self._voucher = voucher
        self._contract = contract
        self._metrics = metrics
        self._levels = flows.kit.levels
        self._announcer = announcer
        self._wardens = Wardens(identifier, flows.sessions, flows.live, flows.kit.clock, announcer)

    async def judge(self, inbound: Inbound) -> Verdict:
        """Return what happens to the request; every failure of ours refuses it."""
        arrival = None
        try:
            arrival = self._receiver.receive(inbound)
            routed = self._route(arrival)
            if routed.login and self._announcer is not None:
                return await self._sign_in(arrival, routed, self._announcer)
            return self._at_once(arrival, routed) or await self._judge(arrival, routed)
        except SidecarError as error:
            how = manner(arrival) if arrival is not None else unread()
            log.info("request.refused", reason_id=error.slug, request_id=how.request_id)
            return self._tell(error, how)

    def failed(self, inbound: Inbound, error: SidecarError) -> Reply:
        """Return our own words for a failure that the front met."""
        try:
            how = manner(self._receiver.receive(inbound))
        except SidecarError:
            how = unread()
        log.info(
            "request.failed",
            reason_id=error.slug,
            status=error.status,
            request_id=how.request_id,
        )
        return self._answerer.tell(error, how)

    def _tell(self, error: SidecarError, how: Manner) -> Reply:
        """Return the refusal; a connection with bytes that read two ways is not used again."""
        reply = self._answerer.tell(error, how)
        decided = Decided.REFUSED if error.status < SERVER_ERROR else Decided.FAILED
        answers = self._metrics.answers(NO_RULE, decided)
        return replace(reply, close=isinstance(error, MalformedRequest), answers=answers)

    # -- the steps -----------------------------------------------------------------------------

    def _route(self, arrival: Arrival) -> Routed:
        routed = self._router.route(arrival)
        if not routed.page and self._contract.loops(arrival.head):
            raise MalformedRequest("the request already went through this sidecar")
        return routed

    def _at_once(self, arrival: Arrival, routed: Routed) -> Forward | None:
        """Return how a request goes on that memory alone allows; most do. None: look closer."""
        if routed.page:
            return None
        if policy.bypassed(routed.rules):
            rules = policy.select(routed.rules, None)
            return self._forward(arrival, routed, rules, NOBODY, session=None)
        refuse_foreign(arrival, self._router.websocket_origins)
        if arrival.method not in SAFE_METHODS or arrival.preflight:
            return None
        now = self._flows.kit.clock()
        self._identifier.refuse_undeclared(arrival)
        said = self._identifier.remembered(arrival, now)
        session = at_hand(self._flows.sessions, arrival, now)
        if said is None or said.identity is None or session is None:
            return None
        rules = policy.select(routed.rules, said.identity)
        if self._settled(arrival, rules, said.identity, session, now=now):
            return self._forward(arrival, routed, rules, said, session=session)
        return None

    async def _sign_in(self, arrival: Arrival, routed: Routed, announcer: Announcer) -> Verdict:
        """Return what happens to a request to the login, once every replica reckons with it."""
        view, unsafe = arrival.view(routed.upstream), arrival.method not in SAFE_METHODS
        over = await announcer.announce(arrival, view, unsafe=unsafe)
        try:
            verdict = self._at_once(arrival, routed) or await self._judge(arrival, routed)
        except BaseException:
            if over is not None:
                over()
            raise
        if isinstance(verdict, Passage):
            verdict.announced(over)
        elif over is not None:
            over()
        return verdict

    def _settled(
        self,
        arrival: Arrival,
        rules: tuple[Rule, ...],
        identity: Identity,
        session: Session,
        *,
        now: datetime,
    ) -> bool:
        """Tell whether the session alone allows the request, with nothing to be written."""
        sessions = self._flows.sessions
        return (
            sessions.belongs(session, identity)
            and isinstance(self._decide(rules, identity, session, now), Allow)
            and not (sessions.due(session, now) and self._is_activity(arrival, rules))
        )

    async def _judge(self, arrival: Arrival, routed: Routed) -> Verdict:
        if routed.page:
            return await self._page(arrival, routed.upstream)
        return await self._guarded(arrival, routed)

    async def _guarded(self, arrival: Arrival, routed: Routed) -> Verdict:
        before = self._flows.revocations.generation
        said = await self._asked(arrival, routed.upstream)
        identity = said.identity
        rules = policy.select(routed.rules, identity)
        try:
            session = await recall(self._flows.sessions, arrival, identity)
        except StoreUnavailable as lost:
            session = self._outages.bear(arrival, routed, rules, identity=identity, lost=lost)
            return self._forward(arrival, routed, rules, said, session=session, why=Decided.OUTAGE)
        if arrival.preflight and all(rule.preflight for rule in rules):
            # Browsers send preflights without credentials, so what has some is none.
            return self._forward_nobodys(arrival, routed, strictest(rules), Decided.PREFLIGHT)
        decided, why = self._decide(rules, identity, session, self._flows.kit.clock()), None
        if identity is not None and isinstance(decided, decision.StepUp):
            decided = await self._stopper.look(rules, identity, session)
            why = Decided.EXEMPT if isinstance(decided, Allow) else None
        if isinstance(decided, Allow):
            if session is not None and self._is_activity(arrival, rules):
                await touch(self._flows.sessions, session)
            if session is not None and self._flows.revocations.generation != before:
                # What was revoked before it is watched would run on, a tunnel for a day.
                return await self._guarded(arrival, routed)
            return self._forward(arrival, routed, rules, said, session=session, why=why)
        if isinstance(decided, Identify) and self._router.passes_unidentified:
            if self._identifier.carries_query_credential(arrival.view(routed.upstream)):
                raise NotIdentified("a credential in the query that belongs to nobody")
            return self._forward_nobodys(arrival, routed, strictest(rules), Decided.ANONYMOUS)
        visit = self._visit(arrival, identity, session)
        return await self._stopper.answer(decided, arrival, visit, identity=identity, rules=rules)

    def _decide(
        self,
        rules: tuple[Rule, ...],
        identity: Identity | None,
        session: Session | None,
        now: datetime,
    ) -> decision.Decision:
        proofs = session.proofs if session else ()
        return decide(rules, Evidence(identity, proofs, None, self._levels), now)

    async def _asked(self, arrival: Arrival, upstream: str) -> Said:
        view = arrival.view(upstream)
        self._identifier.refuse_undeclared(arrival)
        if arrival.method not in SAFE_METHODS:
            self._identifier.forget(view)
        said = await self._identifier.identify(view)
        self._identifier.remember(arrival, said)
        return said

    def _visit(
        self, arrival: Arrival, identity: Identity | None, session: Session | None
    ) -> Visit | None:
        if identity is None:
            return None
        tokens, now = self._flows.kit.tokens, self._flows.kit.clock()
        return Visit(
            identity,
            session,
            arrival.request_id,
            address=arrival.client,
            user_agent=arrival.header("user-agent"),
            language=arrival.cookie(LANGUAGE) or arrival.header("accept-language"),
            known=tokens.is_known(arrival.cookie(KNOWN), identity.person, now),
            trusted=arrival.cookie(TRUSTED),
        )

    @staticmethod
    def _is_activity(arrival: Arrival, rules: tuple[Rule, ...]) -> bool:
        """Tell whether a person does something, rather than a page in the background."""
        return (
            arrival.navigation
            or arrival.method not in SAFE_METHODS
            or any(rule.any_activity for rule in rules)
        )

    # -- where it goes -------------------------------------------------------------------------

    async def _page(self, arrival: Arrival, upstream: str) -> Verdict:
        """Hand the request to our own pages, with who it is from."""
        visit = None
        if not self._router.is_public_page(arrival.path):
            said = await self._asked(arrival, upstream)
            session = await recall(self._flows.sessions, arrival, said.identity)
            visit = self._visit(arrival, said.identity, session)
        who = (visit, str(arrival.origin), arrival.request_id, arrival.navigation)
        caller = Caller(*who, address=arrival.client)
        return Page({CALLER: caller}, self._metrics.answers(NO_RULE, Decided.PAGE))

    def _forward(
        self,
        arrival: Arrival,
        routed: Routed,
        rules: tuple[Rule, ...],
        said: Said,
        *,
        session: Session | None,
        why: Decided | None = None,
    ) -> Forward:
        rule, exempt = strictest(rules), why is Decided.EXEMPT
        needs = lasting(rules, tunnel=arrival.inbound.upgrade, exempt=exempt)
        fields = arrival.head.block
        if said.identity is not None:
            issuer, audience = str(arrival.origin), routed.upstream
            fields += self._voucher.vouch(said.identity, session, issuer=issuer, audience=audience)
        plain = Decided.BYPASS if rule.effect is policy.Effect.BYPASS else Decided.ALLOW
        if exempt and said.identity is not None:
            session = session or self._stand_in(arrival, said.identity)
        return Passage(
            *(self._wardens, arrival, routed, fields),
            rule=rule,
            said=said,
            session=session,
            needs=needs,
            answers=self._metrics.answers(rule.name, why or plain),
        )

    def _stand_in(self, arrival: Arrival, identity: Identity) -> Session:
        now, lifetime = self._flows.kit.clock(), self._flows.kit.times.lifetime
        return stand_in(identity.person, arrival.request_id, now, now + lifetime)

    def _forward_nobodys(
        self, arrival: Arrival, routed: Routed, rule: Rule, decided: Decided
    ) -> Forward:
        """Pass a request on as nobody's: without a field the application could know it by."""
        fields = self._contract.nobodys(arrival)
        answers = self._metrics.answers(rule.name, decided)
        return Passage(self._wardens, arrival, routed, fields, rule=rule, answers=answers)
