"""A program that calls the management API of a sidecar in this process."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy
from yarl import URL

from sidecar.api.endpoint import Endpoint
from sidecar.core.clients import ApiToken, Scope
from sidecar.flows.clients import Clients, Request
from tests.world import World, world

JSON = "application/json"
HOST = "127.0.0.1"
WAIT_S = 20
"""No answer takes so long."""
MANAGED: Mapping[str, Any] = MappingProxyType(
    {
        "listen": {"public": f"{HOST}:0", "management": f"{HOST}:0"},
        "management": {"per_minute": 1_000_000_000},
    }
)
"""The clock of these tests stands still, so no call would ever leave its minute."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the API."""

    status: int
    headers: CIMultiDictProxy[str]
    raw: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object that it is."""
        value = json.loads(self.raw)
        assert isinstance(value, dict)
        return value

    @property
    def slug(self) -> str:
        """Which problem it is; empty for none."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return ""
        return str(self.said["type"]).rpartition("/")[2]

    @property
    def told(self) -> tuple[int, str]:
        """Status and slug, to be compared at once."""
        return self.status, self.slug


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came over the wire."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def told(self) -> tuple[int, str]:
        """Status and slug, to be compared at once."""
        if b"application/problem+json" not in self.head:
            return self.status, ""
        return self.status, str(json.loads(self.body)["type"]).rpartition("/")[2]


@dataclass
class Api:
    """The API of a sidecar that runs in this process, and a client that may do everything."""

    world: World
    session: aiohttp.ClientSession
    token: str = field(repr=False)
    folder: Path

    @property
    def port(self) -> int:
        listener = self.world.sidecar.management
        assert listener is not None
        return listener.port

    @property
    def app(self) -> web.Application:
        """The application that is served."""
        listener = self.world.sidecar.management
        assert listener is not None
        return listener._runner.app

    async def client(
        self,
        scopes: Collection[Scope] = frozenset(Scope),
        *,
        name: str = "robot",
        life: timedelta = timedelta(days=300),
        networks: tuple[str, ...] = (),
    ) -> tuple[str, ApiToken]:
        """Return a new token, and what is kept of it."""
        wanted = Request(name, frozenset(scopes), life, networks)
        return await self.clients.create(wanted, "operator:desk")

    @property
    def clients(self) -> Clients:
        kit = self.world.sidecar.flows.kit
        return Clients(kit.store, kit.tokens, kit.clock)

    async def send(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        token: str | None = None,
    ) -> Reply:
        """Send exactly this, but for the token: the empty one is none."""
        token = self.token if token is None else token
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        url = URL(f"http://{HOST}:{self.port}{target}", encoded=True)
        async with self.session.request(
            method, url, data=body, headers=sent, allow_redirects=False
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def call(
        self,
        endpoint: Endpoint,
        body: object = None,
        *,
        path: Mapping[str, str] = MappingProxyType({}),
        query: Mapping[str, str] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
        token: str | None = None,
    ) -> Reply:
        """Call an endpoint as a program does."""
        target = target_of(endpoint, path, query)
        raw = None if body is None else json.dumps(body).encode()
        typed = {} if raw is None else {"Content-Type": JSON}
        return await self.send(
            endpoint.method, target, body=raw, headers={**typed, **headers}, token=token
        )

    async def drop(self, sent: bytes) -> None:
        """Send these bytes and go away; all that comes of it has come."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(sent)
        await writer.drain()
        writer.write_eof()
        with suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), WAIT_S)
        writer.close()

    async def wire(self, sent: bytes) -> Answered:
        """Send these bytes over a connection of their own; return the answer."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(sent)
            await writer.drain()
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            return Answered(head, await reader.readexactly(int(length[1]) if length else 0))
        finally:
            writer.close()


def target_of(
    endpoint: Endpoint,
    path: Mapping[str, str] = MappingProxyType({}),
    query: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return the request target of an endpoint."""
    target = endpoint.path.format_map({name: quote(value, safe="") for name, value in path.items()})
    return f"{target}?{URL.build(query=query).raw_query_string}" if query else target


@asynccontextmanager
async def api(
    folder: Path, changes: Mapping[str, Any] = MappingProxyType({})
) -> AsyncIterator[Api]:
    """Run a sidecar with its management API for the length of the block."""
    async with world(folder, changes={**MANAGED, **changes}) as here:
        kit = here.sidecar.flows.kit
        wanted = Request("desk", frozenset(Scope), timedelta(days=300))
        token, _ = await Clients(kit.store, kit.tokens, kit.clock).create(wanted, "operator:desk")
        listener = here.sidecar.management
        assert listener is not None
        assert await listener.look()
        skipped = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
        async with aiohttp.ClientSession(skip_auto_headers=skipped) as session:
            yield Api(here, session, token, folder)
