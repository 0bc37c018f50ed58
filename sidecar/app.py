"""The composition root: the one file that knows everyone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from sidecar import wiring
from sidecar.backing import Backing, backing
from sidecar.clock import utc_now
from sidecar.core.model import Level
from sidecar.core.policy import Effect
from sidecar.core.protocols import Clock
from sidecar.flows import Flows, build_flows
from sidecar.flows.guarded import Templates
from sidecar.flows.kit import Kit, SessionTimes
from sidecar.flows.tokens import Tokens
from sidecar.keepers import beside, kept
from sidecar.lending import Lender
from sidecar.listening import listen_probes, listen_public
from sidecar.many import Many, join, leaving
from sidecar.metrics.messages import MessageMetrics
from sidecar.metrics.ports import MeasuredLimiter, MeasuredStore
from sidecar.metrics.scrape import registry
from sidecar.metrics.worker import Metrics
from sidecar.outside import Outside
from sidecar.proxy.answer import Addresses, Answerer
from sidecar.proxy.arrival import Origin
from sidecar.proxy.board import Board
from sidecar.proxy.elsewhere import Announcer
from sidecar.proxy.identify import Identifier
from sidecar.proxy.listener import Listener
from sidecar.proxy.mount import Pages
from sidecar.proxy.outage import bearable
from sidecar.proxy.pipeline import Pipeline
from sidecar.proxy.pool import Pool
from sidecar.proxy.receive import Receiver
from sidecar.proxy.vouch import Voucher
from sidecar.settings.load import Loaded
from sidecar.settings.schema import Settings, Unidentified
from sidecar.storage.sql import SqlStore
from sidecar.storage.vault import KeyRing
from sidecar.web.desk import Desk
from sidecar.web.health import Readiness
from sidecar.web.pages import build_pages
from sidecar.web.problems import Problems
from sidecar.web.render import Renderer

if TYPE_CHECKING:
    from sidecar.managing import ManagementListener


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One running sidecar."""

    flows: Flows
    store: SqlStore
    listener: Listener
    probes: web.AppRunner | None
    management: "ManagementListener | None" = None
    """The management API; closed while nobody could call it."""

    async def drain(self, timeout_s: float) -> None:
        """Nothing new is taken, what was begun is finished within the time."""
        await self.listener.drain(timeout_s)


@asynccontextmanager
async def running(
    loaded: Loaded,
    clock: Clock = utc_now,
    *,
    board: Board | None = None,
    metrics: Metrics | None = None,
    reuse_port: bool = False,
    wall: Clock = utc_now,
) -> AsyncIterator[Sidecar]:
    """Run a sidecar for the length of the block; several workers share what is given, and ports.

    The database's clock is compared with the wall's, which is no part of the sidecar's own time.

    Raises:
        StoreUnproven: the database is missing, empty, foreign, or the keys do not open it.
        OSError: an address cannot be had.

    """
    ring = wiring.key_ring(loaded)
    pool = Pool(wiring.upstreams(loaded.settings))
    try:
        counted = metrics or Metrics(wiring.ledger(loaded), clock)
        async with backing(loaded, ring, clock) as rests_on, Outside() as outside:
            composed = _composed(
                *(loaded, ring, rests_on, Lender(loaded, ring, pool, outside, clock=clock)),
                given=_Given(clock, wall, board or Board(), counted, reuse_port),
            )
            async with composed as sidecar:
                yield sidecar
    finally:
        await pool.close()


@dataclass(frozen=True, slots=True)
class _Given:
    """What is shared with other workers, or comes from outside."""

    clock: Clock
    wall: Clock
    board: Board
    metrics: Metrics
    reuse_port: bool


@asynccontextmanager
async def _composed(
    loaded: Loaded,
    ring: KeyRing,
    rests_on: Backing,
    lender: Lender,
    *,
    given: _Given,
) -> AsyncIterator[Sidecar]:
    renderer, store, metrics = wiring.renderer(loaded), rests_on.store, given.metrics
    flows = _flows(loaded, ring, rests_on, lender, renderer=renderer, given=given)
    board = given.board
    many = join(flows, board, ring, store.vault.instance) if loaded.settings.replicas > 1 else None
    pages, listener, identifier = _public(
        *(loaded, ring, lender, flows), renderer=renderer, board=board, many=many, metrics=metrics
    )
    readiness = _readiness(loaded, rests_on, flows, listener)
    management = _management(
        *(loaded, flows, renderer, readiness), metrics=metrics, reuse_port=given.reuse_port
    )
    probes: web.AppRunner | None = None
    try:
        await pages.start()
        await flows.revocations.read()
        shared = given.reuse_port
        await listen_public(listener, loaded.settings, reuse_port=shared)
        probes = await listen_probes(loaded.settings, readiness, metrics, reuse_port=shared)
        also = beside(loaded, rests_on, flows, metrics, listener=listener, pool=lender.pool)
        also += many.beside() if many is not None else ()
        if management is not None:
            await management.look()
            also.append(management.watch())
        async with leaving(many), kept(flows, identifier, also, clock=given.clock):
            yield Sidecar(flows, store, listener, probes, management)
    finally:
        await listener.close()
        await pages.stop()
        if management is not None:
            await management.close()
        if probes is not None:
            await probes.cleanup()


# --- parts ----------------------------------------------------------------------------------------


def _flows(
    loaded: Loaded,
    ring: KeyRing,
    rests_on: Backing,
    lender: Lender,
    *,
    renderer: Renderer,
    given: _Given,
) -> Flows:
    metrics, clock = given.metrics, given.clock
    settings, letters = loaded.settings, wiring.letters(loaded, renderer)
    rules = loaded.policy.rules
    kit = Kit(
        store=MeasuredStore(rests_on.guarded, metrics),
        limiter=MeasuredLimiter(rests_on.limiter, metrics),
        letters=letters,
        templates=Templates(renderer.prompt_kinds(), letters.names),
        factors=lender.factors,
        discounted=loaded.discounted,
        tokens=Tokens(ring),
        clock=clock,
        looked_up=metrics.session,
        plugin_timeout=settings.plugin_timeout,
        told_call=metrics.plugin,
        times=SessionTimes(settings.session.idle, settings.session.lifetime),
        first=wiring.first_enrollment(settings),
        remembering=wiring.remembering(settings),
        demanded=any(
            rule.effect is Effect.REQUIRE and rule.need.level > Level.ONE_FACTOR for rule in rules
        ),
        exempts_disabled=settings.policy.exempt_disabled,
        transports=lender.transports,
        budgets=wiring.budgets(settings),
        counts=MessageMetrics(metrics),
        home=f"{settings.public[0]}{settings.pages.prefix}",
    )
    first = MeasuredStore(rests_on.guarded.first(), metrics)
    return build_flows(kit, rests_on.bell, given.wall, first=first)


def _public(
    loaded: Loaded,
    ring: KeyRing,
    lender: Lender,
    flows: Flows,
    *,
    renderer: Renderer,
    board: Board,
    many: Many | None,
    metrics: Metrics,
) -> tuple[Pages, Listener, Identifier]:
    """Return what visitors meet: our pages, and the listener in front of the applications."""
    settings, clock = loaded.settings, flows.kit.clock
    voucher = Voucher(wiring.signing_keys(ring), flows.kit.levels, clock)
    desk = Desk(flows, renderer, wiring.site(loaded), metrics.refused)
    problems = _problems(settings, desk, metrics, clock=clock)
    pages = Pages(build_pages(desk, problems, voucher.jwks()))
    pipeline, identifier = _pipeline(
        *(loaded, ring, lender, flows),
        voucher=voucher,
        problems=problems,
        board=board,
        many=many,
        metrics=metrics,
    )
    parts = (pipeline, lender.pool, pages, wiring.limits(settings))
    return pages, Listener(*parts, clock=clock, metrics=metrics), identifier


def _pipeline(
    loaded: Loaded,
    ring: KeyRing,
    lender: Lender,
    flows: Flows,
    *,
    voucher: Voucher,
    problems: Problems,
    board: Board,
    many: Many | None,
    metrics: Metrics,
) -> tuple[Pipeline, Identifier]:
    settings = loaded.settings
    carriers = wiring.carriers(settings)
    identifier = Identifier(
        lender.sources, carriers, ring, flows.kit.clock, board=board, count=metrics.question
    )
    login = settings.login.page if settings.unidentified is Unidentified.REDIRECT else None
    addresses = Addresses(settings.pages.prefix, login or "")
    contract = wiring.contract(identifier, ring)
    pipeline = Pipeline(
        receiver=Receiver(
            tuple(Origin(origin.scheme, origin.authority) for origin in settings.public),
            settings.listen.trusted_proxies,
            contract,
        ),
        router=wiring.router(loaded),
        identifier=identifier,
        flows=flows,
        answerer=Answerer(problems.tell, addresses, flows.sessions, flows.kit.tokens),
        voucher=voucher,
        contract=contract,
        metrics=metrics,
        announcer=Announcer(identifier, many.handovers) if many is not None else None,
    )
    return pipeline, identifier


def _problems(settings: Settings, desk: Desk, metrics: Metrics, *, clock: Clock) -> Problems:
    secure = settings.public[0].secure
    return Problems(desk.renderer, clock, secure=secure, count=metrics.refused)


def _readiness(loaded: Loaded, rests_on: Backing, flows: Flows, listener: Listener) -> Readiness:
    checks = {**rests_on.checks, "clock": flows.revocations.offset.require}
    shelved = loaded.settings.session.store == "redis"
    borne = bearable(loaded.policy.rules, flows, shelved=shelved)
    return Readiness(checks, lambda: listener.draining, borne)


def _management(
    loaded: Loaded,
    flows: Flows,
    renderer: Renderer,
    readiness: Readiness,
    *,
    metrics: Metrics,
    reuse_port: bool,
) -> "ManagementListener | None":
    if loaded.settings.listen.management is None:
        return None
    from sidecar.managing import compose  # 60 models that nobody else needs

    told = registry(metrics)
    return compose(
        *(loaded, flows, renderer), readiness=readiness, registry=told, reuse_port=reuse_port
    )
