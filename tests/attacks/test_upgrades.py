"""A WebSocket handshake meets the policy that a page meets, and opens nothing by itself."""

import pytest

from tests.visitor import Visitor
from tests.wire import tell, wired
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

HANDSHAKE = (
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
GET = b"GET /%b HTTP/1.1\r\nHost: app.test\r\n%b\r\n"
FRAME = b"\x81\x85\x00\x00\x00\x00hello"


def cookies(browser: Visitor) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def raw(*fields: str) -> bytes:
    return "".join(f"{field}\r\n" for field in fields).encode()


@pytest.mark.http("W1")
@pytest.mark.threat(65)
@pytest.mark.parametrize("path", ["/x", "/never/x", "/pay/x", "/easy/x", "/_sidecar/account"])
async def test_strangers(place: World, path: str) -> None:
    """A stranger's handshake shows the refusal that any request gets, that of another site's page
    one of its own, and none of it goes on.
    """
    plain = await tell(place, "Sec-Fetch-Mode: cors", target=path)
    assert plain.status in {401, 403}
    for origin, ours in (("https://app.test", True), ("https://evil.test", False), ("null", False)):
        fields = ("Sec-Fetch-Mode: websocket", f"Origin: {origin}", *HANDSHAKE)
        answer = await tell(place, *fields, target=path)
        page = path.startswith("/_sidecar")
        assert answer.status == (plain.status if ours or page else 403)
        assert answer.all("Upgrade") == []
    assert f"GET {path}" not in place.application.reached


@pytest.mark.http("W1")
@pytest.mark.threat(65)
async def test_half_a_proof(place: World, grace: Visitor) -> None:
    """The handshake of somebody who proved nothing yet shows 403, and none of it goes on."""
    answer = await tell(place, cookies(grace), *HANDSHAKE, target="/half")
    assert (answer.status, b"enrollment-required" in answer.body) == (403, True)
    assert "GET /half" not in place.application.reached


@pytest.mark.http("W1", "F17")
@pytest.mark.threat(65)
async def test_what_is_glued_to_a_refusal(place: World) -> None:
    """Frames and requests behind a refused handshake show that no tunnel is left: a request is
    judged like any other, and frames end the connection.
    """
    async with wired(place) as client:
        client.send(GET % (b"glued", raw(*HANDSHAKE)) + GET % (b"glued-too", b""))
        assert [(await client.answer()).status for _ in range(2)] == [401, 401]
        client.send(GET % (b"open/glued", b""))
        assert (await client.answer()).status == 200
    async with wired(place) as client:
        client.send(GET % (b"glued", raw(*HANDSHAKE)) + FRAME)
        assert [(await client.answer()).status for _ in range(2)] == [401, 400]
        assert await client.rest() == b""
    assert [one for one in place.application.reached if "glued" in one] == ["GET /open/glued"]


@pytest.mark.http("W1", "H7")
@pytest.mark.threat(65)
@pytest.mark.parametrize("protocol", ["h2c", "websocket, h2c", "TLS/1.0", "WebSocket/13"])
async def test_other_protocols(place: World, ada: Visitor, protocol: str) -> None:
    """An upgrade to anything else shows an ordinary answer, and no word of it goes on."""
    fields = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {protocol}", "HTTP2-Settings: AAM")
    answer = await tell(place, cookies(ada), *fields, target="/other")
    seen = place.application.seen[-1]
    assert (answer.status, seen.target) == (200, "/other")
    assert (seen.all("Upgrade"), seen.all("HTTP2-Settings"), seen.all("Connection")) == ([], [], [])


@pytest.mark.http("T7")
@pytest.mark.threat(66)
@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("OPTIONS", ()),
        ("OPTIONS", ("Origin: https://app.test",)),
        ("OPTIONS", ("Access-Control-Request-Method: GET",)),
        ("OPTIONS", ("Origin: https://app.test", "Access-Control-Request-Method: GET")),
        ("GET", ("Origin: https://app.test", "Access-Control-Request-Method: GET")),
        ("GET", ("Origin: https://app.test", "X-HTTP-Method-Override: OPTIONS")),
    ],
)
async def test_preflights(place: World, method: str, fields: tuple[str, ...]) -> None:
    """A preflight, and what only looks like one, show that no rule lets them through unsaid."""
    assert (await tell(place, *fields, method=method, target="/flight")).status == 401
    assert not [one for one in place.application.reached if "flight" in one]
