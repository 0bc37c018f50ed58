"""The probes listener: alive, ready, metrics; no token, and nothing about anybody."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from sidecar.core.errors import SidecarError

OPENMETRICS: Final = "application/openmetrics-text"

Check = Callable[[], Awaitable[None]]
"""Returns where all is well; raises one of our errors where it is not."""


def build_probes(
    checks: dict[str, Check], registry: CollectorRegistry, draining: Callable[[], bool]
) -> web.Application:
    """Return the application of the probes listener."""

    async def live(_request: web.Request) -> web.Response:
        """Alive never asks the store: an outage there must not kill every replica at once."""
        return web.json_response({"status": "alive"})

    async def ready(_request: web.Request) -> web.Response:
        """Ready names each part and whether it works, and never why."""
        found = {name: await _works(check) for name, check in checks.items()}
        parts = {name: "ok" if works else "failing" for name, works in found.items()}
        if draining():
            parts["draining"] = "yes"
        fine = all(found.values()) and not draining()
        return web.json_response(
            {"status": "ready" if fine else "not-ready", "parts": parts},
            status=200 if fine else 503,
        )

    async def metrics(request: web.Request) -> web.Response:
        """Metrics are told as OpenMetrics where that is asked for, else as plain text.

        No more of what the client accepts is read: odd versions make the library raise.
        """
        wanted = OPENMETRICS if OPENMETRICS in request.headers.get("Accept", "") else ""
        encode, content_type = choose_encoder(wanted)
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app = web.Application()
    app.add_routes(
        [
            web.get("/health", ready),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/metrics", metrics),
        ]
    )
    return app


async def _works(check: Check) -> bool:
    try:
        await check()
    except SidecarError:
        return False
    return True
