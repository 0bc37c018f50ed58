"""Who may call."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from sidecar.core.api_errors import ScopeMissing, TokenMissing, TokenRefused
from sidecar.core.clients import ApiClient, ClientId, Scope
from sidecar.core.errors import MalformedRequest, TooManyAttempts
from sidecar.storage.limiter import MemoryLimiter
from sidecar.web.management.gate import NOBODY, Certified, Gate
from tests.clock import ManualClock

DESK = ApiClient(ClientId("desk"), "desk", frozenset({Scope.CONFIG_READ}))
SHOP = ApiClient(ClientId("mtls.shop"), "shop", frozenset({Scope.USERS_READ}))
SPIFFE = "spiffe://cluster/ns/shop"


class Known:
    """Knows one token, good from one address."""

    live = True

    async def recognise(self, text: str, address: str) -> ApiClient:
        if (text, address) != ("good", "192.0.2.7"):
            raise TokenRefused
        return DESK

    async def any_live(self) -> bool:
        return self.live


class Connection:
    """A connection from an address, with what its certificate says."""

    def __init__(self, *names: tuple[str, str], subject: str = "") -> None:
        common = ((("commonName", subject),),)
        self._said: dict[str, object] = {"peername": ("192.0.2.7", 4711)}
        if names or subject:
            self._said["peercert"] = {"subject": common, "subjectAltName": names}

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._said.get(name, default)


def call(*values: str, over: Connection | None = None) -> web.Request:
    headers: Any = [("Authorization", value) for value in values]
    transport: Any = over or Connection()
    return make_mocked_request("GET", "/", headers=CIMultiDict(headers), transport=transport)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def gate(clock: ManualClock) -> Gate:
    clients: Any = Known()
    return Gate(clients, MemoryLimiter(clock), certified=(Certified(SPIFFE, SHOP),), per_minute=3)


async def test_a_token_opens_what_its_scopes_name(gate: Gate) -> None:
    """A token shows its client where it may, and which scope is missing where not."""
    assert await gate.admit(call("Bearer good"), Scope.CONFIG_READ) == DESK
    assert await gate.admit(call("bearer  good "), Scope.CONFIG_READ) == DESK
    with pytest.raises(ScopeMissing) as refused:
        await gate.admit(call("Bearer good"), Scope.CONFIG_WRITE)
    assert refused.value.scope == "config:write"


@pytest.mark.parametrize("value", ["Bearer bad", "Bearer", "Bearer ", "Basic Z29vZA==", "good", ""])
async def test_nothing_else_opens(gate: Gate, value: str) -> None:
    """Other tokens, schemes and spellings show one refusal."""
    with pytest.raises(TokenRefused):
        await gate.admit(call(value), Scope.CONFIG_READ)


async def test_two_tokens_are_none(gate: Gate) -> None:
    """Two credentials show that nobody chose which one counts."""
    with pytest.raises(MalformedRequest):
        await gate.admit(call("Bearer good", "Bearer good"), Scope.CONFIG_READ)


async def test_a_certificate_names_a_client(gate: Gate) -> None:
    """The alternative name of a certificate shows its client; the common name shows nothing."""
    shown = Connection(("DNS", "x.test"), ("URI", SPIFFE))
    assert await gate.admit(call(over=shown), Scope.USERS_READ) == SHOP
    for other in (
        Connection(),
        Connection(("URI", f"{SPIFFE}/more")),
        Connection(("email", SPIFFE)),
        Connection(subject=SPIFFE),
    ):
        with pytest.raises(TokenMissing):
            await gate.admit(call(over=other), Scope.USERS_READ)


async def test_a_refused_token_is_not_rescued_by_a_certificate(gate: Gate) -> None:
    """Whoever shows both shows the client of the token alone."""
    shown = Connection(("URI", SPIFFE))
    with pytest.raises(TokenRefused):
        await gate.admit(call("Bearer bad", over=shown), Scope.USERS_READ)


async def test_a_client_calls_so_often_and_no_oftener(gate: Gate, clock: ManualClock) -> None:
    """One client's calls show to be counted apart from another's, by the minute."""
    for _ in range(3):
        await gate.admit(call("Bearer good"), Scope.CONFIG_READ)
    with pytest.raises(TooManyAttempts) as refused:
        await gate.admit(call("Bearer good"), Scope.CONFIG_READ)
    assert 0 < (refused.value.retry_after_s or 0) <= 60
    await gate.admit(call(over=Connection(("URI", SPIFFE))), Scope.USERS_READ)
    clock.travel(minutes=1)
    await gate.admit(call("Bearer good"), Scope.CONFIG_READ)


async def test_what_is_open_asks_nobody(gate: Gate) -> None:
    """An endpoint without a scope shows that nobody is asked for."""
    assert await gate.admit(call("Bearer bad"), None) is NOBODY


async def test_it_opens_only_for_somebody(clock: ManualClock) -> None:
    """No token and no certificate shows a gate that stays shut."""
    clients: Any = Known()
    limiter = MemoryLimiter(clock)
    assert await Gate(clients, limiter, per_minute=1).open()
    clients.live = False
    assert not await Gate(clients, limiter, per_minute=1).open()
    certified = (Certified(SPIFFE, SHOP),)
    assert await Gate(clients, limiter, certified=certified, per_minute=1).open()
