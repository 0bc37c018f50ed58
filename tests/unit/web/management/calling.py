"""The calls about challenges and enrollments, over the flows of a scene."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.test_utils import TestServer

from sidecar.api import backup_codes, challenges, enrollments
from sidecar.errands import handlers
from sidecar.flows.clients import Clients
from sidecar.flows.naming import Naming
from sidecar.flows.replaying import Replaying
from sidecar.results import Results
from sidecar.signing import signing_key
from sidecar.web.management.app import Management, build_management
from sidecar.web.management.gate import Gate
from tests.programs import Office
from tests.unit.flows.scene import Scene

KEY = signing_key(b"k" * 32)
ISSUER = "https://app.test"
ENDPOINTS = (*challenges.ENDPOINTS, *enrollments.ENDPOINTS, *backup_codes.ENDPOINTS)


@asynccontextmanager
async def calling(here: Scene, *, app: str = "totp") -> AsyncIterator[Office]:
    """Serve the calls for programs of an office."""
    kit, flows = here.kit, here.flows
    made = handlers(flows, Results(KEY, ISSUER, here.clock), app=app)
    gate = Gate(Clients(here.store, kit.tokens, here.clock), kit.limiter, per_minute=10_000)
    naming, replaying = Naming({"shop": ()}), Replaying(here.store, here.clock)
    parts = Management(gate, naming, replaying, types="/problems/")
    server = TestServer(build_management(parts, ENDPOINTS, made))
    async with server, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def opened() -> str:
            return str(server.make_url("")).rstrip("/")

        yield Office(http, here.store, kit.tokens, here.clock, opened, realm="shop")
