"""The life of one request: receive, route, identify, recall, decide, then answer or forward."""

from dataclasses import replace
from functools import partial

import structlog

from sidecar.core import decision, policy
from sidecar.core.cookies import KNOWN
from sidecar.core.decision import Allow, Evidence, Identify, decide, lasting
from sidecar.core.errors import (
    AccessDenied,
    IdentityUnavailable,
    MalformedRequest,
    NotIdentified,
    SidecarError,
    StoreUnavailable,
    UpstreamTimedOut,
    UpstreamUnreachable,
)
from sidecar.core.model import Identity, Session
from sidecar.core.policy import Route, Rule
from sidecar.core.protocols import RawHeaders
from sidecar.flows import Flows
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import CALLER, Caller, Visit
from sidecar.proxy.answer import SAFE_METHODS, Answerer, Manner, manner
from sidecar.proxy.forward import Contract, Return, Unheard, loops, relayed, request_headers
from sidecar.proxy.identify import Identifier, Said
from sidecar.proxy.origins import refuse_foreign
from sidecar.proxy.recall import forget_login, recall
from sidecar.proxy.receive import Arrival, Receiver, new_request_id
from sidecar.proxy.route import Router
from sidecar.proxy.verdicts import Forward, Inbound, Page, Reply, Verdict
from sidecar.proxy.vouch import Voucher

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
    ) -> None:
        self._receiver = receiver
        self._router = router
        self._identifier = identifier
        self._flows = flows
        self._answerer = answerer
        self._voucher = voucher
        self._contract = contract

    async def judge(self, inbound: Inbound) -> Verdict:
        """Return what happens to the request; every failure of ours refuses it."""
        how = Manner(page=False, language="", request_id=new_request_id())
        try:
            arrival = self._receiver.receive(inbound)
            how = manner(arrival)
            return await self._judge(arrival)
        except SidecarError as error:
            log.info("request.refused", reason_id=error.slug, request_id=how.request_id)
            return self._tell(error, how)

    def failed(self, inbound: Inbound, status: int, reason: str) -> Reply:
        """Return our own words for a failure that the front met."""
        try:
            how = manner(self._receiver.receive(inbound))
        except SidecarError:
            how = Manner(page=False, language="", request_id=new_request_id())
        log.info("request.failed", reason_id=reason, status=status, request_id=how.request_id)
        return self._answerer.tell(_named(reason), how)

    def _tell(self, error: SidecarError, how: Manner) -> Reply:
        """Return the refusal; a connection with bytes that read two ways is not used again."""
        reply = self._answerer.tell(error, how)
        return replace(reply, close=isinstance(error, MalformedRequest))

    # -- the steps -----------------------------------------------------------------------------

    async def _judge(self, arrival: Arrival) -> Verdict:
        routed = self._router.route(arrival)
        if routed.page:
            return await self._page(arrival, routed.upstream)
        if loops(self._contract, arrival):
            raise MalformedRequest("the request already went through this sidecar")
        if policy.bypassed(routed.rules):
            rules = policy.select(routed.rules, None)
            return self._forward(arrival, routed.upstream, rules, Said(), session=None)
        refuse_foreign(arrival, self._router.websocket_origins)
        return await self._guarded(arrival, routed.upstream, routed.rules)

    async def _guarded(self, arrival: Arrival, upstream: str, route: Route) -> Verdict:
        before = self._flows.revocations.generation
        said, session = await self._who(arrival, upstream)
        identity = said.identity
        rules = policy.select(route, identity)
        if arrival.preflight and all(rule.preflight for rule in rules):
            # Browsers send preflights without credentials, so what has some is none.
            headers = request_headers(self._contract, arrival, (), anonymous=True)
            return self._onward(arrival, upstream, rules[0], Said(), headers=headers)
        evidence = Evidence(
            identity, session.proofs if session else (), None, self._flows.kit.levels
        )
        decided = decide(rules, evidence, self._flows.kit.clock())
        if isinstance(decided, Allow):
            if session is not None and self._is_activity(arrival, rules):
                await self._touch(session)
            if session is not None and self._flows.revocations.generation != before:
                # What was revoked before it is watched would run on, a tunnel for a day.
                return await self._guarded(arrival, upstream, route)
            return self._forward(arrival, upstream, rules, said, session=session)
        if isinstance(decided, Identify) and self._router.passes_unidentified:
            return self._forward_anonymously(arrival, upstream, decided.rule)
        return await self._stop(decided, arrival, identity=identity, session=session, rules=rules)

    async def _stop(
        self,
        decided: decision.Decision,
        arrival: Arrival,
        *,
        identity: Identity | None,
        session: Session | None,
        rules: tuple[Rule, ...],
    ) -> Reply:
        """Look up what the person could prove with, decide once more, and answer."""
        visit = self._visit(arrival, identity, session)
        if visit is not None and isinstance(decided, decision.StepUp):
            evidence = Evidence(
                visit.identity,
                session.proofs if session else (),
                await portfolio(self._flows.kit, visit.person),
                self._flows.kit.levels,
            )
            decided = decide(rules, evidence, self._flows.kit.clock())
        log.info(
            "request.stopped",
            rule=decided.rule.name,
            reason_id=decided.reason_id,
            request_id=arrival.request_id,
        )
        if visit is not None and isinstance(decided, decision.Deny):
            await self._flows.refusals.record(visit, decided.rule.name, decided.reason_id)
        reply = await self._answerer.answer(decided, arrival, visit)
        return replace(reply, headers=(*reply.headers, *relayed(identity)))

    async def _who(self, arrival: Arrival, upstream: str) -> tuple[Said, Session | None]:
        view = arrival.view(upstream)
        raw = frozenset(name.lower() for name, _ in arrival.inbound.headers)
        self._identifier.refuse_undeclared(view, raw)
        if arrival.method not in SAFE_METHODS:
            self._identifier.forget(view)
        said = await self._identifier.identify(view)
        return said, await recall(self._flows.sessions, arrival, said.identity)

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
            known=tokens.is_known(arrival.cookie(KNOWN), identity.person, now),
        )

    @staticmethod
    def _is_activity(arrival: Arrival, rules: tuple[Rule, ...]) -> bool:
        """Tell whether a person does something, rather than a page in the background."""
        return (
            arrival.navigation
            or arrival.method not in SAFE_METHODS
            or any(rule.any_activity for rule in rules)
        )

    async def _touch(self, session: Session) -> None:
        """Idleness starts anew; while the store is down the session just grows older."""
        try:
            await self._flows.sessions.touch(session)
        except StoreUnavailable:
            log.warning("session.untouched")

    # -- where it goes -------------------------------------------------------------------------

    async def _page(self, arrival: Arrival, upstream: str) -> Verdict:
        """Hand the request to our own pages, with who it is from."""
        visit = None
        if not self._router.is_public_page(arrival.path):
            said, session = await self._who(arrival, upstream)
            visit = self._visit(arrival, said.identity, session)
        caller = Caller(visit, str(arrival.origin), arrival.request_id, arrival.navigation)
        return Page({CALLER: caller})

    def _forward(
        self,
        arrival: Arrival,
        upstream: str,
        rules: tuple[Rule, ...],
        said: Said,
        *,
        session: Session | None,
    ) -> Forward:
        rule, identity, issuer = _strictest(rules), said.identity, str(arrival.origin)
        vouched = (
            self._voucher.vouch(identity, session, issuer=issuer, audience=upstream)
            if identity is not None
            else ()
        )
        headers = request_headers(self._contract, arrival, vouched)
        onward = self._onward(arrival, upstream, rule, said, headers=headers)
        leaves = self._router.is_logout(arrival.path)
        if session is None or leaves or rule.effect is policy.Effect.BYPASS:
            # Signing out ends what the session opened, but not its own answer.
            return onward
        needs = lasting(rules, tunnel=arrival.inbound.upgrade)
        return replace(onward, watch=partial(self._flows.live.watch, session, needs=needs))

    def _forward_anonymously(self, arrival: Arrival, upstream: str, rule: Rule) -> Forward:
        """Pass a request on as nobody's: without anything the application could know it by."""
        if self._identifier.carries_query_credential(arrival.view(upstream)):
            message = "a credential in the query that belongs to nobody"
            raise NotIdentified(message)
        headers = request_headers(self._contract, arrival, (), anonymous=True)
        return self._onward(arrival, upstream, rule, Said(), headers=headers)

    def _onward(
        self,
        arrival: Arrival,
        upstream: str,
        rule: Rule,
        said: Said,
        *,
        headers: RawHeaders,
    ) -> Forward:
        identifier, view = self._identifier, arrival.view(upstream)

        def forget() -> None:
            identifier.forget(view, said.identity)

        async def confirm() -> None:
            await identifier.confirm(view, said)

        async def signed_out() -> None:
            await forget_login(self._flows.sessions, arrival)

        unsafe, ended = arrival.method not in SAFE_METHODS, None
        login = self._router.is_login(arrival.path)
        if login:
            ended = identifier.unsettle(view, unsafe=unsafe)
        elif unsafe:
            forget()
            ended = forget
        leaving = signed_out if self._router.is_logout(arrival.path) else None
        entering = partial(identifier.signed_in, view) if login and not unsafe else None
        back = Return(rule, said.identity, confirm, forget, leaving, entering)
        unheard = Unheard(partial(identifier.unsettle, view, unsafe=unsafe and login), leaving)
        lost = unheard.on_lost if unsafe or login or leaving else None
        onward = Forward(upstream, arrival.target, headers, back.on_head, ended, confirm)
        return replace(onward, on_lost=lost)


def _strictest(rules: tuple[Rule, ...]) -> Rule:
    return max(
        rules,
        key=lambda rule: (
            rule.effect is not policy.Effect.BYPASS,
            not rule.keep_cache,
            rule.need.level,
        ),
    )


_FRONT_FAILURES: dict[str, type[SidecarError]] = {
    kind.slug: kind
    for kind in (
        AccessDenied,
        IdentityUnavailable,
        MalformedRequest,
        StoreUnavailable,
        UpstreamTimedOut,
        UpstreamUnreachable,
    )
}


def _named(slug: str) -> SidecarError:
    """Return the error of a failure that the front met; any other is an internal one."""
    return _FRONT_FAILURES.get(slug, SidecarError)(slug)
