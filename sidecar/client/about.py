"""Methods about the API itself."""

import json
from typing import Any

from sidecar.api import about as api
from sidecar.client.calls import Calls
from sidecar.client.desk import Ask


class About(Calls):
    """Whether the API works, and how it is called."""

    async def health(self) -> api.Health:
        """Return what works, also where something does not."""
        return await self.call(Ask(api.HEALTH), api.Health)

    async def health_ready(self) -> api.Health:
        return await self.call(Ask(api.READY), api.Health)

    async def health_live(self) -> api.Alive:
        return await self.call(Ask(api.LIVE), api.Alive)

    async def metrics(self) -> str:
        """Return what is counted, as Prometheus reads it."""
        return await self.text(api.METRICS)

    async def docs(self) -> str:
        """Return the page that explains the API."""
        return await self.text(api.DOCS)

    async def openapi(self) -> dict[str, Any]:
        """Return the description of the API."""
        description: dict[str, Any] = json.loads(await self.text(api.OPENAPI))
        return description
