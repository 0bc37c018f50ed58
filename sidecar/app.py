"""The composition root: the one file that knows everyone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

from aiohttp import web
from prometheus_client import REGISTRY

from sidecar import wiring
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Level
from sidecar.core.policy import Effect
from sidecar.core.protocols import Clock, Factor, IdentitySource, Tools
from sidecar.flows import Flows, build_flows
from sidecar.flows.kit import FirstEnrollment, Kit, SessionTimes
from sidecar.flows.tokens import Tokens
from sidecar.loader import build
from sidecar.proxy.answer import Addresses, Answerer
from sidecar.proxy.arrival import Origin
from sidecar.proxy.board import Board
from sidecar.proxy.contract import Contract
from sidecar.proxy.headers import is_managed
from sidecar.proxy.identify import CarrierRules, Identifier
from sidecar.proxy.listener import Listener
from sidecar.proxy.mount import Pages
from sidecar.proxy.pipeline import Pipeline
from sidecar.proxy.pool import Pool
from sidecar.proxy.receive import Receiver
from sidecar.proxy.vouch import Voucher, signing_key
from sidecar.settings.declared import Declared
from sidecar.settings.load import Loaded
from sidecar.settings.schema import Settings, Unidentified
from sidecar.storage.limiter import MemoryLimiter
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.vault import KeyRing
from sidecar.web.desk import Desk
from sidecar.web.health import build_probes
from sidecar.web.pages import build_pages
from sidecar.web.problems import Problems

T = TypeVar("T")

DEAR_AT_ONCE = 2
"""Argon2 takes 19 MiB and a core each; more at once would be a lever for strangers."""

SWEPT_EVERY_S = 60.0
ENDED_EVERY_S = 1.0


class DearWork:
    """Runs expensive work in threads, a few at a time."""

    def __init__(self, at_once: int = DEAR_AT_ONCE) -> None:
        self._turn = asyncio.Semaphore(at_once)

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what the work returns, once its turn has come."""
        async with self._turn:
            return await asyncio.to_thread(work)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One running sidecar."""

    flows: Flows
    store: SqlStore
    listener: Listener
    probes: web.AppRunner | None

    async def drain(self, timeout_s: float) -> None:
        """Nothing new is taken, what was begun is finished within the time."""
        await self.listener.drain(timeout_s)


@asynccontextmanager
async def running(
    loaded: Loaded,
    clock: Clock = utc_now,
    *,
    board: Board | None = None,
    reuse_port: bool = False,
) -> AsyncIterator[Sidecar]:
    """Run a sidecar for the length of the block; several workers share a board and their ports.

    Raises:
        StoreUnproven: the database is missing, empty, foreign, or the keys do not open it.
        OSError: an address cannot be had.

    """
    ring = wiring.key_ring(loaded)
    store = await open_store(loaded.settings.storage.database, ring, clock)
    pool = Pool(wiring.upstreams(loaded.settings))
    try:
        composed = _composed(
            loaded, ring, store, pool, clock=clock, board=board, reuse_port=reuse_port
        )
        async with composed as sidecar:
            yield sidecar
    finally:
        await pool.close()
        await store.close()


@asynccontextmanager
async def _composed(
    loaded: Loaded,
    ring: KeyRing,
    store: SqlStore,
    pool: Pool,
    *,
    clock: Clock,
    board: Board | None,
    reuse_port: bool,
) -> AsyncIterator[Sidecar]:
    settings = loaded.settings
    flows = build_flows(_kit(loaded, ring, store, pool, clock=clock))
    voucher = Voucher(signing_key(ring.purpose_key("assertion")), flows.kit.levels, clock)
    desk = Desk(flows, wiring.renderer(settings), wiring.site(loaded))
    problems = Problems(desk.renderer, clock, secure=settings.public[0].secure)
    pages = Pages(build_pages(desk, problems, voucher.jwks()))
    pipeline, identifier = _pipeline(
        loaded, ring, pool, flows, voucher=voucher, problems=problems, board=board
    )
    listener = Listener(pipeline, pool, pages, wiring.limits(settings), clock=clock)
    probes: web.AppRunner | None = None
    try:
        await pages.start()
        await flows.revocations.read()
        await _listen(listener, settings, reuse_port=reuse_port)
        probes = await _probe(settings, store, reuse_port=reuse_port)
        async with _kept(flows, identifier, store, clock):
            yield Sidecar(flows, store, listener, probes)
    finally:
        await listener.close()
        await pages.stop()
        if probes is not None:
            await probes.cleanup()


# --- parts ----------------------------------------------------------------------------------------


def _kit(loaded: Loaded, ring: KeyRing, store: SqlStore, pool: Pool, *, clock: Clock) -> Kit:
    settings, dear = loaded.settings, DearWork()
    rules = loaded.policy.rules
    return Kit(
        store=store,
        limiter=MemoryLimiter(clock),
        factors={
            item.name: cast("Factor", _built(item, ring, pool, dear)) for item in loaded.factors
        },
        tokens=Tokens(ring),
        clock=clock,
        times=SessionTimes(settings.session.idle, settings.session.lifetime),
        first=FirstEnrollment(settings.enrollment.first, settings.enrollment.until),
        demanded=any(
            rule.effect is Effect.REQUIRE and rule.need.level > Level.ONE_FACTOR for rule in rules
        ),
    )


def _built(item: Declared, ring: KeyRing, pool: Pool, dear: DearWork) -> object:
    def keyed(data: bytes) -> bytes:
        return ring.keyed(f"plugin/{item.role.value}/{item.name}", data)

    return build(item.plugin, item.options, Tools(item.name, item.realm, keyed, pool, dear))


def _pipeline(
    loaded: Loaded,
    ring: KeyRing,
    pool: Pool,
    flows: Flows,
    *,
    voucher: Voucher,
    problems: Problems,
    board: Board | None,
) -> tuple[Pipeline, Identifier]:
    settings = loaded.settings
    sources = {
        item.name: cast("IdentitySource", _built(item, ring, pool, DearWork()))
        for item in loaded.sources
    }
    carriers = CarrierRules(
        frozenset(name.lower() for name in settings.credential_carriers.headers),
        frozenset(name.lower() for name in settings.credential_carriers.query),
    )
    identifier = Identifier(sources, carriers, ring, flows.kit.clock, board=board)
    login = settings.login.page if settings.unidentified is Unidentified.REDIRECT else None
    addresses = Addresses(settings.pages.prefix, login or "")
    contract = _contract(identifier, ring)
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
    )
    return pipeline, identifier


def _contract(identifier: Identifier, ring: KeyRing) -> Contract:
    return Contract(
        keep=frozenset(name for name in identifier.declared_headers if is_managed(name)),
        owned=identifier.owned_headers,
        carriers=identifier.carrier_headers,
        undeclared=identifier.undeclared_headers,
        pseudonym=b"sidecar-" + ring.keyed("via", b"").hex()[:8].encode("ascii"),
    )


# --- listening and keeping ------------------------------------------------------------------------


async def _listen(listener: Listener, settings: Settings, *, reuse_port: bool) -> None:
    at = settings.listen.public
    if at.path:
        await listener.start_unix(at.path)
        return
    tls = wiring.tls_context(settings)
    await listener.start(at.host, at.port, tls, reuse_port=reuse_port)


async def _probe(settings: Settings, store: SqlStore, *, reuse_port: bool) -> web.AppRunner | None:
    at = settings.listen.probes
    if at is None:
        return None
    runner = web.AppRunner(build_probes({"store": store.ping}, REGISTRY), access_log=None)
    await runner.setup()
    site: web.BaseSite = (
        web.UnixSite(runner, at.path)
        if at.path
        else web.TCPSite(runner, at.host, at.port, reuse_port=reuse_port)
    )
    await site.start()
    return runner


@asynccontextmanager
async def _kept(
    flows: Flows, identifier: Identifier, store: SqlStore, clock: Clock
) -> AsyncIterator[None]:
    """Follow the feed and sweep for the length of the block; if either breaks, all of it ends."""
    async with asyncio.TaskGroup() as tasks:
        keepers = [
            tasks.create_task(flows.revocations.follow()),
            tasks.create_task(_ending(flows, clock)),
            tasks.create_task(_sweeping(flows, identifier, store, clock)),
        ]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()


async def _ending(flows: Flows, clock: Clock) -> None:
    """End once a second what runs for sessions whose lifetime is over."""
    while True:
        flows.live.expire(clock())
        await asyncio.sleep(ENDED_EVERY_S)


async def _sweeping(flows: Flows, identifier: Identifier, store: SqlStore, clock: Clock) -> None:
    """Forget once a minute what nobody can ask for any more, in memory and in the store."""
    while True:
        await asyncio.sleep(SWEPT_EVERY_S)
        flows.sessions.sweep()
        identifier.sweep()
        try:
            await store.sweep(clock())
        except StoreUnavailable:
            continue
