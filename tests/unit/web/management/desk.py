"""Calls of the management API over the flows of a scene, by clients that may do everything."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sidecar.api.endpoint import Endpoint
from sidecar.core.clients import ApiClient, ClientId, Scope
from sidecar.flows.naming import Naming
from sidecar.flows.replaying import Replaying
from sidecar.web.management.app import Management, build_management
from sidecar.web.management.call import Handlers
from sidecar.web.management.gate import Gate
from tests.unit.flows.scene import Scene

CLIENT = "X-Client"
NAMING = Naming({"shop": (), "club": ()})


class Doors:
    """Lets everybody in, as the client that a header names."""

    async def admit(self, request: web.Request, scope: Scope | None) -> ApiClient:
        del scope
        name = request.headers.get(CLIENT, "desk")
        return ApiClient(ClientId(f"id-{name}"), name, frozenset(Scope))


@dataclass(frozen=True, slots=True)
class Told:
    """What a call was answered."""

    status: int
    said: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def slug(self) -> str:
        """Which problem it is; empty for none."""
        kind = str(self.said.get("type", ""))
        return kind.rpartition("/")[2] if "/" in kind else ""


@dataclass(frozen=True, slots=True)
class Desk:
    """A program before the endpoints."""

    scene: Scene
    client: TestClient[web.Request, web.Application]

    async def call(
        self,
        endpoint: Endpoint,
        body: object = None,
        *,
        path: Mapping[str, str] = MappingProxyType({}),
        query: Mapping[str, str] = MappingProxyType({}),
        by: str = "desk",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Told:
        """Return the answer, which is one that the endpoint says it may give."""
        sent = {CLIENT: by, **headers}
        target = endpoint.path.format_map(path)
        async with self.client.request(
            endpoint.method, target, json=body, params=dict(query), headers=sent
        ) as answer:
            said = await answer.json() if answer.content_length else {}
            told = Told(answer.status, said, answer.headers)
        _require_announced(endpoint, told)
        return told


def _require_announced(endpoint: Endpoint, told: Told) -> None:
    if told.status in endpoint.answers:
        model = endpoint.answers[told.status]
        if model is not None:
            model.model_validate_json(json.dumps(told.said))
        return
    slugs = {error.slug for error in endpoint.all_problems}
    assert told.slug in slugs, f"{endpoint.name} never said that it answers {told}"


@asynccontextmanager
async def desk_of(
    scene: Scene, endpoints: Iterable[Endpoint], handlers: Callable[[Scene], Handlers]
) -> AsyncIterator[Desk]:
    """Serve these endpoints over the scene for the length of the block."""
    replaying = Replaying(scene.store, scene.clock)
    gate = cast("Gate", Doors())
    parts = Management(gate, NAMING, replaying, types="https://x.test/problems/")
    app = build_management(parts, tuple(endpoints), handlers(scene))
    async with TestClient(TestServer(app)) as client:
        yield Desk(scene, client)
