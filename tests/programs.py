"""Programs that call the management API, of a whole sidecar or of its flows alone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pyotp

from sidecar.core.clients import ApiToken, Scope
from sidecar.core.model import Person
from sidecar.core.stores import Store
from sidecar.flows.clients import Clients, Request
from sidecar.flows.tokens import Tokens
from tests.clock import ManualClock
from tests.world import REALM, World, world

LISTEN: Mapping[str, str] = {"public": "127.0.0.1:0", "management": "127.0.0.1:0"}
MOST: frozenset[Scope] = frozenset(Scope) - {Scope.ENROLLMENTS_OVERRIDE}
"""Everything but the override."""


@dataclass(frozen=True)
class Told:
    """What was answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def slug(self) -> str:
        """The problem's name."""
        return str(self.body["type"]).rsplit("/", 1)[1]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON says
        return self.body[name]


@dataclass(frozen=True)
class Program:
    """Calls with one token."""

    http: aiohttp.ClientSession = field(repr=False)
    base: str
    text: str = field(repr=False)
    token: ApiToken

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Told:
        sent = {"Authorization": f"Bearer {self.text}", **headers}
        url = f"{self.base}{path}"
        async with self.http.request(method, url, json=body, headers=sent) as answer:
            said = await answer.json(content_type=None)
            return Told(answer.status, said, answer.headers)

    async def post(self, path: str, **body: object) -> Told:
        return await self.call("POST", path, body)

    async def get(self, path: str) -> Told:
        return await self.call("GET", path)


@dataclass
class App:
    """An authenticator app, by the secret that a program was told."""

    secret: str

    def code(self, clock: ManualClock, *, ahead: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(int(clock().timestamp()) + 30 * ahead)

    def wrong(self, clock: ManualClock) -> str:
        """Return a code that is right at no time near this one."""
        near = {self.code(clock, ahead=step) for step in range(-12, 13)}
        return next(f"{n:06}" for n in range(1000) if f"{n:06}" not in near)


@dataclass
class Office:
    """Where programs get their tokens."""

    http: aiohttp.ClientSession
    store: Store
    tokens: Tokens
    clock: ManualClock
    opened: Callable[[], Awaitable[str]]
    """Returns where the API is, once there is somebody who may call it."""
    realm: str = REALM

    async def program(self, *scopes: Scope, name: str = "desk") -> Program:
        """Return a program with these scopes, or with most of them where none is named."""
        clients = Clients(self.store, self.tokens, self.clock)
        wanted = Request(name, frozenset(scopes) or MOST, timedelta(days=30))
        text, token = await clients.create(wanted, "operator:test")
        return Program(self.http, await self.opened(), text, token)

    async def enrolled(self, program: Program, user: str = "ada") -> App:
        """Return the app of a newcomer whom the program enrolled."""
        begun = await program.post("/totp/setup", user_id=user)
        assert begun.status == 201, begun
        return await self.verified(program, begun, user)

    async def verified(self, program: Program, begun: Told, user: str = "ada") -> App:
        """Return the app whose setting up was begun, and ended well."""
        app = App(begun["secret"])
        which, code = begun["enrollment_id"], app.code(self.clock)
        done = await program.post("/totp/verify", user_id=user, enrollment_id=which, code=code)
        assert done.status == 200, done
        return app

    async def begun(self, program: Program, user: str = "ada", **wish: object) -> str:
        """Return the id of an open challenge."""
        begun = await program.post("/challenge", user_id=user, **wish)
        assert begun.status == 201, begun
        return str(begun["challenge_id"])

    async def answer(self, program: Program, which: str, code: str, user: str = "ada") -> Told:
        return await program.post("/challenge/verify", user_id=user, challenge_id=which, code=code)

    async def prove(self, program: Program, app: App, user: str = "ada", **wish: object) -> Told:
        """Return the result of a challenge that was answered rightly half a minute later."""
        self.clock.travel(seconds=30)
        which = await self.begun(program, user, **wish)
        return await self.answer(program, which, app.code(self.clock), user)

    async def events(self, user: str = "ada") -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return name, actor and details of what happened to the person, newest first."""
        async with self.store.read() as tx:
            found = await tx.trail.of(Person(self.realm, user), 500)
        return [(one.name, one.actor, one.details) for one in found]


@asynccontextmanager
async def office(
    folder: Path, changes: Mapping[str, Any] | None = None
) -> AsyncIterator[tuple[World, Office]]:
    """Run a sidecar whose management API opens with the first program."""
    more = {"listen": dict(LISTEN), "management": {"per_minute": 10_000}, **(changes or {})}
    async with (
        world(folder, changes=more) as made,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):

        async def opened() -> str:
            listener = made.sidecar.management
            assert listener is not None
            assert await listener.look()
            return f"http://127.0.0.1:{listener.port}"

        tokens = made.sidecar.flows.kit.tokens
        yield made, Office(http, made.sidecar.store, tokens, made.clock, opened)
