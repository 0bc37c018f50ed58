"""What the API says of itself."""

import json
from collections.abc import Callable
from http import HTTPStatus

from prometheus_client import CollectorRegistry

from sidecar.api import about as api
from sidecar.api.endpoints import description
from sidecar.web.health import Readiness, told_metrics
from sidecar.web.management.call import Answer, Call, Handlers


class AboutCalls:
    """Calls about the API itself."""

    def __init__(
        self, readiness: Readiness, registry: CollectorRegistry, page: Callable[[], Answer]
    ) -> None:
        self._readiness = readiness
        self._registry = registry
        self._page = page
        self._description = json.dumps(description()).encode()

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.HEALTH.name: self.ready,
            api.READY.name: self.ready,
            api.LIVE.name: self.live,
            api.METRICS.name: self.metrics,
            api.DOCS.name: self.docs,
            api.OPENAPI.name: self.openapi,
        }

    async def ready(self, _call: Call) -> Answer:
        fine, parts = await self._readiness.parts()
        body = api.Health(status="ready" if fine else "not-ready", parts=parts)
        return Answer(body, HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE)

    async def live(self, _call: Call) -> Answer:
        """Alive never asks the store: an outage there must not kill every replica at once."""
        return Answer(api.Alive(status="alive"))

    async def metrics(self, _call: Call) -> Answer:
        body, content_type = told_metrics(self._registry, "")
        return Answer(raw=body, headers={"Content-Type": content_type})

    async def docs(self, _call: Call) -> Answer:
        return self._page()

    async def openapi(self, _call: Call) -> Answer:
        headers = {"Content-Type": "application/json", "Cache-Control": "no-cache"}
        return Answer(raw=self._description, headers=headers)
