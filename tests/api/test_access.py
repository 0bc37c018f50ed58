"""Who may call what: every endpoint with every kind of token, scope, network and certificate.

A stranger is told to go away before anything of what they sent is read.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS
from sidecar.core.clients import Scope
from tests.api.calling import Api, api
from tests.api.sound import sound

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUARDED = tuple(one for one in ENDPOINTS if one.scope is not None)
OPEN = tuple(one for one in ENDPOINTS if one.scope is None)
OPEN_NAMES = {"health", "healthReady", "healthLive", "docs", "openapi"}
"""What anybody in the cluster may ask; it names nobody."""
REFUSALS = {"token-missing", "token-refused", "scope-missing"}
HARD = b'{"user_id": '
"""Half a body, of another type than the one that is asked for."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def strangers(desk: Api) -> Mapping[str, str]:
    """Return what is no good token, by what is wrong with it."""
    good, _ = await desk.client()
    _, gone = revoked = await desk.client()
    await desk.clients.revoke(gone.client.id, "operator:desk")
    short, _ = await desk.client(life=timedelta(seconds=1))
    desk.world.clock.travel(seconds=1)
    far, _ = await desk.client(networks=("10.0.0.0/8", "::1/128", "127.0.0.0/32"))
    return {
        "garbage": "garbage",
        "empty parts": "sidecar_",
        "forged tag": good[:-2] + ("AA" if good[-2:] != "AA" else "BA"),
        "forged body": good[:12] + ("A" if good[12] != "A" else "B") + good[13:],
        "not canonical": good + "=",
        "another prefix": good.replace("sidecar_", "Sidecar_"),
        "kept form": desk.world.sidecar.flows.kit.tokens.api_hash(good) or "",
        "never stored": desk.world.sidecar.flows.kit.tokens.mint_api(),
        "session token": desk.world.sidecar.flows.kit.tokens.mint_session(),
        "two tokens": f"{good} {good}",
        "revoked": revoked[0],
        "expired": short,
        "wrong network": far,
        "NUL": "sidecar_%00",
        "long": "sidecar_" + "A" * 4000,
    }


async def attempt(desk: Api, endpoint: Endpoint, headers: Mapping[str, str]) -> tuple[int, str]:
    """Ask badly in every way at once, so that only what comes first can be answered."""
    call = sound(endpoint)
    bad = {"Content-Type": "text/plain", "API-Version": "9", "Idempotency-Key": "", **headers}
    target = f"{call.target}{'&' if '?' in call.target else '?'}unknown=1"
    reply = await desk.send(endpoint.method, target, body=HARD, headers=bad, token="")
    if reply.status == 401:
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    return reply.told


async def test_what_is_open_to_anybody(desk: Api) -> None:
    """The endpoints without a scope show the description and how the process is, no more; and a
    token, good or bad, changes nothing of it.
    """
    assert {one.name for one in OPEN} == OPEN_NAMES
    for endpoint in OPEN:
        for token in ("", "garbage", desk.token):
            assert (await desk.call(endpoint, token=token)).status == 200


@pytest.mark.conforms("ASVS-8.2.1", "ASVS-8.3.1")
@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda one: one.name)
async def test_strangers(desk: Api, strangers: Mapping[str, str], endpoint: Endpoint) -> None:
    """Whoever shows no good token is told only that, however wrong the rest of the call is."""
    assert await attempt(desk, endpoint, {}) == (401, "token-missing")
    for wrong, token in strangers.items():
        told = await attempt(desk, endpoint, {"Authorization": f"Bearer {token}"})
        assert (wrong, *told) == (wrong, 401, "token-refused")
    for scheme in ("", "Bearer", "Bearer ", "Basic ", "Token ", "bearer:"):
        told = await attempt(desk, endpoint, {"Authorization": f"{scheme}{desk.token}"})
        expected = 401 if scheme != "Bearer " else 400
        assert (scheme, told[0]) == (scheme, expected)


async def test_a_token_counts_in_its_header_alone(desk: Api) -> None:
    """A token in the query, in a cookie, in a body or in another header shows nothing."""
    for headers in (
        {"Cookie": f"Authorization=Bearer {desk.token}; token={desk.token}"},
        {"X-Authorization": f"Bearer {desk.token}"},
        {"Proxy-Authorization": f"Bearer {desk.token}"},
        {"X-Api-Key": desk.token},
        {"X-Forwarded-For": "127.0.0.1", "X-Client-Cert": "CN=desk"},
    ):
        reply = await desk.send("GET", "/config/ada", headers=headers, token="")
        assert reply.told == (401, "token-missing")
    for query in (f"access_token={desk.token}", f"token={desk.token}"):
        reply = await desk.send("GET", f"/config/ada?{query}", token="")
        assert reply.told == (401, "token-missing")


async def test_two_credentials_are_none(desk: Api) -> None:
    """Two `Authorization` fields, both good, show a refusal: one reading or none."""
    line = f"Authorization: Bearer {desk.token}\r\n"
    head = f"GET /config/ada HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}{line}\r\n"
    answered = await desk.wire(head.encode())
    assert answered.told == (400, "malformed-request")


@pytest.mark.conforms("ASVS-8.2.1", "ASVS-8.3.1")
async def test_every_scope_opens_its_own_endpoints_alone(desk: Api) -> None:
    """Each endpoint with a token for each single scope shows an answer for its own, and for every
    other that it is missing, before what was sent is read.
    """
    tokens = {scope: (await desk.client([scope]))[0] for scope in Scope}
    for endpoint in GUARDED:
        for scope, token in tokens.items():
            if scope is endpoint.scope:
                reply = await sound(endpoint).send(desk, token=token)
                told = reply.told
                assert told[0] in endpoint.answers or told[1] in slugs(endpoint), told
                assert told[1] not in REFUSALS
                continue
            told = await attempt(desk, endpoint, {"Authorization": f"Bearer {token}"})
            assert (endpoint.name, scope, *told) == (endpoint.name, scope, 403, "scope-missing")


def slugs(endpoint: Endpoint) -> set[str]:
    return {error.slug for error in endpoint.all_problems}


async def test_all_scopes_but_one_are_not_it(desk: Api) -> None:
    """A token for all scopes but the right one shows a refusal that names the one that is lacking,
    as RFC 6750 wants it told.
    """
    for endpoint in GUARDED:
        token, _ = await desk.client(set(Scope) - {endpoint.scope})
        reply = await sound(endpoint).send(desk, token=token)
        assert reply.told == (403, "scope-missing")
        assert reply.said["scope"] == endpoint.scope
        told = reply.headers["WWW-Authenticate"]
        assert f'error="insufficient_scope", scope="{endpoint.scope}"' in told


async def test_nobody_waits_for_the_body_of_a_stranger(desk: Api) -> None:
    """A refusal shows at once although ten megabytes were announced and none came."""
    for endpoint in GUARDED:
        call = sound(endpoint)
        head = (
            f"{endpoint.method} {call.target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 10485760\r\n\r\n"
        )
        answered = await desk.wire(head.encode())
        assert (endpoint.name, *answered.told) == (endpoint.name, 401, "token-missing")


async def test_a_token_ends_while_it_is_used(desk: Api) -> None:
    """A token that is revoked between two calls of one connection shows that it opens nothing."""
    token, made = await desk.client()
    assert (await desk.send("GET", "/config/ada", token=token)).slug not in REFUSALS
    await desk.clients.revoke(made.client.id, "operator:desk")
    assert (await desk.send("GET", "/config/ada", token=token)).told == (401, "token-refused")


async def test_good_networks(desk: Api) -> None:
    """A token for the network that the call comes from shows an answer; what a header says of the
    address counts for nothing.
    """
    near, _ = await desk.client(networks=("10.0.0.0/8", "127.0.0.0/8"))
    far, _ = await desk.client(networks=("10.0.0.0/8",))
    assert (await desk.send("GET", "/config/nobody", token=near)).status == 404
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        headers = {name: "for=10.0.0.1" if name == "Forwarded" else "10.0.0.1"}
        reply = await desk.send("GET", "/config/nobody", token=far, headers=headers)
        assert reply.told == (401, "token-refused")


async def test_a_client_that_calls_too_often_waits(folder: Path) -> None:
    """Many calls within the minute show 429 with the time to wait, for this client alone."""
    async with api(folder, {"management": {"per_minute": 5}}) as desk:
        calm, _ = await desk.client()
        replies = [await desk.send("GET", "/config/nobody") for _ in range(6)]
        assert [one.status for one in replies] == [404] * 5 + [429]
        assert replies[-1].slug == "too-many-attempts"
        wait_s = int(replies[-1].headers["Retry-After"])
        assert 1 <= wait_s <= 60
        assert (await desk.send("GET", "/config/nobody", token=calm)).status == 404
        assert (await desk.send("GET", "/health", token="")).status == 200
        desk.world.clock.travel(seconds=wait_s)
        assert (await desk.send("GET", "/config/nobody")).status == 404
