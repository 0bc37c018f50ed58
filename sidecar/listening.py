"""Opening the listeners that serve from the first moment: the public one and that of probes."""

from typing import Final

from aiohttp import web

from sidecar import wiring
from sidecar.metrics.scrape import registry
from sidecar.metrics.worker import Metrics
from sidecar.proxy.listener import Listener
from sidecar.settings.schema import Settings
from sidecar.web.health import Readiness, build_probes

IDLE_S: Final = 75
"""Nobody holds a connection to the probes for longer by saying nothing, or half a head."""


async def listen_public(listener: Listener, settings: Settings, *, reuse_port: bool) -> None:
    """Visitors are served at the configured address.

    Raises:
        OSError: the address cannot be had, or a certificate not used.

    """
    at = settings.listen.public
    if at.path:
        await listener.start_unix(at.path)
        return
    tls = wiring.tls_context(settings.listen.tls)
    await listener.start(at.host, at.port, tls, reuse_port=reuse_port)


async def listen_probes(
    settings: Settings, readiness: Readiness, metrics: Metrics, *, reuse_port: bool
) -> web.AppRunner | None:
    """Return what answers probes at the configured address; None where there is none."""
    at = settings.listen.probes
    if at is None:
        return None
    app = build_probes(readiness, registry(metrics))
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=IDLE_S)
    await runner.setup()
    site: web.BaseSite = (
        web.UnixSite(runner, at.path)
        if at.path
        else web.TCPSite(runner, at.host, at.port, reuse_port=reuse_port)
    )
    await site.start()
    return runner
