"""A program that calls the management API, before the flows of one process."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.api.endpoint import Endpoint
from sidecar.core.clients import Scope
from sidecar.flows.clients import Clients, Request
from sidecar.flows.naming import Naming
from sidecar.flows.replaying import Replaying
from sidecar.web.management.app import Management, build_management
from sidecar.web.management.call import Handlers
from sidecar.web.management.gate import Gate
from tests.unit.flows.scene import Scene

Json = Any


@dataclass
class Program:
    """Holds a token of every scope."""

    client: TestClient[Any, Any]
    token: str

    async def call(self, method: str, path: str, body: Json = None, **query: str) -> Json:
        """Return the answer to a call that goes well."""
        status, told = await self.ask(method, path, body, **query)
        assert status < 300, told
        return told

    async def refused(self, method: str, path: str, body: Json = None, **query: str) -> Json:
        """Return status and slug of the problem that a call meets."""
        status, told = await self.ask(method, path, body, **query)
        assert status >= 400, told
        return status, told["type"].rpartition("/")[2]

    async def ask(
        self, method: str, path: str, body: Json = None, **query: str
    ) -> tuple[int, Json]:
        """Return the status and the body, None where there is none."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.client.request(
            method, path, json=body, params=query, headers=headers
        ) as answer:
            said = await answer.read()
            return answer.status, await answer.json(content_type=None) if said else None


async def program(
    start: AiohttpClient, here: Scene, endpoints: Iterable[Endpoint], handlers: Handlers
) -> Program:
    """Return a program before these endpoints."""
    kit = here.kit
    clients = Clients(here.store, kit.tokens, here.clock)
    parts = Management(
        Gate(clients, kit.limiter, per_minute=1000),
        Naming({"shop": ()}),
        Replaying(here.store, here.clock),
        types="/problems/",
    )
    wanted = Request("desk", frozenset(Scope), timedelta(days=30))
    token, _ = await clients.create(wanted, "operator:tests")
    return Program(await start(build_management(parts, endpoints, handlers)), token)
