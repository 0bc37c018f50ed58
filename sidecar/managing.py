"""The management API put together, and its listener: opened once somebody may call, not before."""

import asyncio
import ssl
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from sidecar import wiring
from sidecar.api.endpoints import ENDPOINTS
from sidecar.core.clients import ApiClient, ClientId
from sidecar.core.errors import StoreUnavailable
from sidecar.errands import errands
from sidecar.flows import Flows
from sidecar.flows.clients import Clients
from sidecar.flows.everybody import Everybody
from sidecar.flows.histories import Histories
from sidecar.flows.holdings import Holdings
from sidecar.flows.people import People
from sidecar.flows.recover import Recovery
from sidecar.flows.replaying import Replaying
from sidecar.flows.signed_in import SignOuts
from sidecar.flows.switching import Switching
from sidecar.moving import moving
from sidecar.settings.load import Loaded
from sidecar.settings.words import Address
from sidecar.web.health import Readiness
from sidecar.web.management.about import AboutCalls
from sidecar.web.management.app import Management, build_management
from sidecar.web.management.authenticators import AuthenticatorCalls
from sidecar.web.management.call import Handlers
from sidecar.web.management.config import ConfigCalls
from sidecar.web.management.docs import Documents
from sidecar.web.management.gate import Certified, Gate
from sidecar.web.management.histories import HistoryCalls
from sidecar.web.management.invitations import InvitationCalls
from sidecar.web.management.recovery import RecoveryCalls
from sidecar.web.management.sessions import SessionCalls
from sidecar.web.management.status import StatusCalls
from sidecar.web.management.users import Desk, UserCalls
from sidecar.web.management.wire import Connections
from sidecar.web.render import Renderer

LOOKED_EVERY_S: Final = 2.0
"""How soon after the first token was made the listener opens."""

log = structlog.get_logger(__name__)


def compose(
    loaded: Loaded,
    flows: Flows,
    renderer: Renderer,
    *,
    readiness: Readiness,
    registry: CollectorRegistry,
    reuse_port: bool = False,
) -> "ManagementListener | None":
    """Return the listener of the management API, which is closed yet; None: there is to be none.

    Raises:
        OSError: a certificate or key file cannot be used.

    """
    settings, kit = loaded.settings, flows.kit
    at = settings.listen.management
    if at is None:
        return None
    gate = Gate(
        Clients(kit.store, kit.tokens, kit.clock),
        kit.limiter,
        certified=_certified(loaded),
        per_minute=settings.management.per_minute,
    )
    parts = Management(
        *(gate, wiring.naming(loaded), Replaying(kit.store, kit.clock)),
        types=f"{settings.public[0]}{settings.pages.prefix}problems/",
    )
    documents = Documents(renderer, parts.types)
    about = AboutCalls(readiness, registry, documents.page)
    app = build_management(parts, ENDPOINTS, _handlers(loaded, flows, about), documents.routes())
    tls = wiring.tls_context(settings.management.tls)
    runner = Connections(app, parts.types)
    return ManagementListener(runner, gate, at, tls=tls, reuse_port=reuse_port)


def _handlers(loaded: Loaded, flows: Flows, about: AboutCalls) -> Handlers:
    kit = flows.kit
    parts = (kit.store, kit.clock, flows.sessions.catch_up)
    sign_outs = SignOuts(*parts, idle=kit.times.idle, levels=kit.levels)
    histories, people = Histories(kit.store, kit.clock), People(*parts)
    return {
        **about.handlers(),
        **errands(loaded, flows),
        **moving(loaded, flows),
        **ConfigCalls(Switching(*parts)).handlers(),
        **StatusCalls(kit).handlers(),
        **RecoveryCalls(Recovery(*parts)).handlers(),
        **UserCalls(Desk(Everybody(*parts), people, sign_outs, histories)).handlers(),
        **AuthenticatorCalls(Holdings(*parts)).handlers(),
        **SessionCalls(sign_outs).handlers(),
        **InvitationCalls(people).handlers(),
        **HistoryCalls(histories).handlers(),
    }


def _certified(loaded: Loaded) -> tuple[Certified, ...]:
    return tuple(
        Certified(one.certificate, ApiClient(ClientId(f"mtls.{name}"), name, frozenset(one.scopes)))
        for name, one in loaded.settings.management.clients.items()
    )


class ManagementListener:
    """Serves the management API at one address."""

    def __init__(
        self,
        runner: Connections,
        gate: Gate,
        address: Address,
        *,
        tls: ssl.SSLContext | None = None,
        reuse_port: bool = False,
    ) -> None:
        self._runner = runner
        self._gate = gate
        self._address = address
        self._tls = tls
        self._reuse_port = reuse_port
        self.opened = asyncio.Event()
        """Set once it listens."""

    @property
    def port(self) -> int:
        """The port that is listened on; 0 while there is none."""
        addresses = self._runner.addresses if self.opened.is_set() else []
        return int(addresses[0][1]) if addresses and isinstance(addresses[0], tuple) else 0

    async def look(self) -> bool:
        """The listener is open if anybody could call; return whether it is.

        Raises:
            OSError: the address cannot be had.
            StoreUnavailable: whether anybody could is not known.

        """
        if not self.opened.is_set() and await self._gate.open():
            await self._start()
        return self.opened.is_set()

    async def watch(self) -> None:
        """Open as soon as somebody may call; returns once open."""
        if not await self.look():
            log.warning("management.closed", hint="sidecar tokens create --scope …")
        while not self.opened.is_set():
            await asyncio.sleep(LOOKED_EVERY_S)
            try:
                await self.look()
            except StoreUnavailable:
                continue

    async def close(self) -> None:
        """Nothing is served any more; what was begun has been finished."""
        await self._runner.cleanup()

    async def _start(self) -> None:
        await self._runner.setup()
        at = self._address
        site: web.BaseSite = (
            web.UnixSite(self._runner, at.path, ssl_context=self._tls)
            if at.path
            else web.TCPSite(
                *(self._runner, at.host, at.port),
                ssl_context=self._tls,
                reuse_port=self._reuse_port,
            )
        )
        await site.start()
        self.opened.set()
        log.info("management.open", port=self.port)
