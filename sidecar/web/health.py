"""The probes listener: alive, ready, metrics; no token, and nothing about anybody."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from sidecar.core.errors import SidecarError

Check = Callable[[], Awaitable[None]]
"""Returns where all is well; raises one of our errors where it is not."""


def build_probes(checks: dict[str, Check], registry: CollectorRegistry) -> web.Application:
    """Return the application of the probes listener."""

    async def live(_request: web.Request) -> web.Response:
        """Alive never asks the store: an outage there must not kill every replica at once."""
        return web.json_response({"status": "alive"})

    async def ready(_request: web.Request) -> web.Response:
        """Ready names each part and whether it works, and never why."""
        found = {name: await _works(check) for name, check in checks.items()}
        fine = all(found.values())
        parts = {name: "ok" if works else "failing" for name, works in found.items()}
        return web.json_response(
            {"status": "ready" if fine else "not-ready", "parts": parts},
            status=200 if fine else 503,
        )

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

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
