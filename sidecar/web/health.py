"""The probes listener: alive, ready, metrics; no token, and nothing about anybody."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from sidecar.core.errors import SidecarError

OPENMETRICS: Final = "application/openmetrics-text"

Check = Callable[[], Awaitable[None]]
"""Returns where all is well; raises one of our errors where it is not."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be served."""

    checks: Mapping[str, Check]
    draining: Callable[[], bool]
    bearable: Callable[[], Collection[str]] = tuple
    """The parts without which requests are still served now."""

    async def parts(self) -> tuple[bool, dict[str, str]]:
        """Return whether requests are served, and of each part whether it works, never why.

        What all replicas share fails for all of them at once: were they all to be left alone, those
        whom it does not concern would be served by none.
        """
        found = {name: await _works(check) for name, check in self.checks.items()}
        parts = {name: "ok" if works else "failing" for name, works in found.items()}
        if self.draining():
            parts["draining"] = "yes"
        failing = {name for name, works in found.items() if not works}
        return failing <= {*self.bearable()} and not self.draining(), parts


def told_metrics(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the metrics and their media type: OpenMetrics where it is accepted, else plain text.

    No more of what the client accepts is read: odd versions make the library raise.
    """
    encode, content_type = choose_encoder(OPENMETRICS if OPENMETRICS in accept else "")
    return encode(registry), content_type


def build_probes(readiness: Readiness, registry: CollectorRegistry) -> web.Application:
    """Return the application of the probes listener."""

    async def live(_request: web.Request) -> web.Response:
        """Alive never asks the store: an outage there must not kill every replica at once."""
        return web.json_response({"status": "alive"})

    async def ready(_request: web.Request) -> web.Response:
        fine, parts = await readiness.parts()
        return web.json_response(
            {"status": "ready" if fine else "not-ready", "parts": parts},
            status=200 if fine else 503,
        )

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = told_metrics(registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

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
