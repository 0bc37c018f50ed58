"""Through the whole pipeline: what was judged goes on byte for byte, or nothing does."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given, settings

from tests.conformance.http import heads
from tests.conformance.http.application import OK, Application, Peer
from tests.conformance.http.heads import Field, lines
from tests.unit.flows.scene import quick_folder
from tests.wire import tell, wired
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = re.compile(
    rb"X-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: app\.test\r\n"
    rb"X-Forwarded-Port: 443\r\n"
)
"""All that is added before the fields of a visitor nobody is known to be, in order."""
OURS = re.compile(rb"Via: 1\.1 (sidecar-[0-9A-Za-z]+)\r\n")
"""What is added behind them."""
HOST = b"Host: app.test\r\n"
CLIMBING = r"""
    /open/../x /open/%2e%2e/x /open/%2E%2e%2fx /open/..%2fx /open/..;/x /open/..%5cx /open/..\x
    /open/./x /open/%252e%252e/x /open/%2561 /open/%00 /open/%0a /open/%zz /open/% /open/%c0%af
    /open#/../x /open/x#y * open/x /open/%7f /open/x%u002f
"""
STAYING = r"""
    /open/x /open//x /open/x/ /open/%61 /open/%2Fx /open/%2fx /open/x;y=1/z /open/a+b%20c /open/[x]
    /open/{x} /open/|x /open/^x /open/`x /open/x? /open/x?? /open/x?a=/../b&c=%2e%2e%2f&d[]=\e
    /open/x?http://evil.test/ /open/"x" /open/<x> /open/caf%C3%A9 /open/@x:1
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def behind() -> AsyncIterator[Application]:
    """An application that keeps every byte, for the whole file."""
    app = Application()
    app.script = watchful
    await app.start()
    yield app
    await app.stop()


async def watchful(peer: Peer) -> None:
    """Answers everything with `ok`, and who-am-I with nobody."""
    while head := await peer.request():
        asked = head.startswith(b"GET /whoami ")
        nobody = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
        peer.send(nobody + b'{"user": null}' if asked else OK)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(behind: Application) -> AsyncIterator[World]:
    """A sidecar in front of it."""
    with quick_folder() as folder:
        async with world(folder, changes={"upstreams": {"shop": behind.url}}) as made:
            yield made


def forwarded(behind: Application, before: int) -> bytes:
    return behind.seen[before:]


def visitors_fields(seen: bytes, line: bytes) -> bytes:
    """Return what of a forwarded head is the visitor's own, between what we add."""
    assert seen.startswith(line + HOST)
    added = ADDED.match(seen, len(line + HOST))
    assert added is not None
    fields = seen[added.end() :]
    assert len(OURS.findall(fields)) == 1
    return OURS.sub(b"", fields)


@pytest.mark.http("T1")
@pytest.mark.threat(1, 2, 4, 7, 8)
@pytest.mark.parametrize("target", STAYING.split())
async def test_what_is_judged_is_what_goes_on(
    place: World, behind: Application, target: str
) -> None:
    """An open path in any spelling shows that it arrives in that spelling, and so does the query;
    the head holds what was sent and what the contract adds, in order, and nothing else.
    """
    before = len(behind.seen)
    answer = await tell(place, "X-Own: 1", "x-own:  2", "Cookie: a=\xff", target=target)
    assert answer.status == 200
    line = f"GET {target} HTTP/1.1\r\n".encode()
    fields = visitors_fields(forwarded(behind, before), line)
    assert fields == b"X-Own: 1\r\nx-own: 2\r\nCookie: a=\xff\r\n\r\n"


@pytest.mark.http("T1", "T5")
@pytest.mark.threat(1, 2, 3, 4, 5, 6, 8, 10)
@pytest.mark.parametrize("target", CLIMBING.split())
async def test_what_reads_two_ways_goes_nowhere(
    place: World, behind: Application, target: str
) -> None:
    """A path that some application would take for another one shows 400, and no byte of it."""
    before = len(behind.seen)
    answer = await tell(place, target=target)
    assert (answer.status, answer.all("Connection")) == (400, [b"close"])
    assert forwarded(behind, before) == b""


@pytest.mark.threat(9)
@pytest.mark.parametrize("target", ["/x?/open/x", "/x?a=/open/", "/x?%2fopen%2f", "/x;/open/x"])
async def test_queries_open_nothing(place: World, behind: Application, target: str) -> None:
    """A guarded path with an open one in its query shows that it is guarded."""
    before = len(behind.seen)
    assert (await tell(place, target=target)).status == 401
    assert b"GET /x" not in forwarded(behind, before)


@pytest.mark.http("T1", "H3", "H4", "H6")
@pytest.mark.threat(1, 5, 7, 17)
@settings(max_examples=100)
@given(target=heads.targets, fields=heads.fields)
async def test_any_head(
    place: World, behind: Application, target: bytes, fields: list[Field]
) -> None:
    """Any head that HTTP allows shows that it is refused whole, or goes on whole, less the names
    that only a proxy may use and those that could be read as another one.
    """
    line = b"GET /open%b HTTP/1.1\r\n" % target
    before = len(behind.seen)
    async with wired(place) as client:
        client.send(line + HOST + lines(fields) + b"\r\n")
        answer = await client.answer()
    seen = forwarded(behind, before)
    if answer.status != 200:
        assert answer.status in {400, 401}
        assert b"GET /open" not in seen
        return
    kept = [
        field for field in fields if not re.search(rb"[_.]|^x-forwarded-", field[0], re.IGNORECASE)
    ]
    assert visitors_fields(seen, line) == lines(kept) + b"\r\n"


@pytest.mark.http("T4")
@pytest.mark.parametrize("fields", [[], ["Origin: https://a.test"], ["Max-Forwards: 0"]])
async def test_options_of_the_server(place: World, behind: Application, fields: list[str]) -> None:
    """`OPTIONS *` shows that it is answered here, and reaches no application."""
    before = len(behind.seen)
    assert (await tell(place, *fields, method="OPTIONS", target="*")).status == 400
    assert forwarded(behind, before) == b""


@pytest.mark.http("T8")
async def test_loops(place: World, behind: Application) -> None:
    """Our own name in `Via`, hidden in any company, shows 400; nominating it removes nothing."""
    before = len(behind.seen)
    await tell(place, target="/open/x")
    found = OURS.search(forwarded(behind, before))
    assert found is not None
    ours, before = found[1].decode(), len(behind.seen)
    for via in (f"1.1 {ours}", f"1.0 a, 1.1 {ours}, 1.1 b", f"HTTP/1.1 {ours} (x)"):
        for more in ([], ["Connection: via"], ["via: 1.1 other"]):
            assert (await tell(place, f"Via: {via}", *more, target="/open/x")).status == 400
    assert forwarded(behind, before) == b""


@pytest.mark.http("T7")
@pytest.mark.threat(11, 66)
@pytest.mark.parametrize(
    "field",
    [
        "X-HTTP-Method-Override: OPTIONS",
        "X-Forwarded-Method: OPTIONS",
        "X-Forwarded-Uri: /open/x",
        "X-Original-URL: /open/x",
        "X-Original-URI: /open/x",
        "X-Rewrite-URL: /open/x",
        "X-Forwarded-Prefix: /open",
        "X-Forwarded-Path: /open/x",
        "X-Forwarded-Host: app.test",
        "X-Forwarded-Proto: http",
        "Forwarded: for=127.0.0.1;host=app.test;proto=https",
    ],
)
async def test_addresses_told_elsewhere(place: World, behind: Application, field: str) -> None:
    """A guarded path that claims to be another one shows that it is guarded, and that neither the
    application nor our question about it hears of the claim; so does an empty claim.
    """
    before = len(behind.seen)
    for told in (field, field.partition(":")[0] + ":"):
        assert (await tell(place, told, target="/x")).status == 401
        assert (await tell(place, told, target="/open/y")).status == 200
    seen = forwarded(behind, before)
    assert (b"GET /x " in seen, seen.count(b"GET /open/y ")) == (False, 2)
    assert b"OPTIONS" not in seen
    assert b"/open/x" not in seen


@pytest.mark.threat(14, 15, 25)
@pytest.mark.parametrize("value", ["", " ", ",", "unknown", "\xff"])
async def test_empty_forwarded_fields(place: World, behind: Application, value: str) -> None:
    """Forwarded fields with nothing in them show that nothing is taken for anything."""
    names = ("For", "Host", "Proto", "Uri", "Method", "Prefix", "User", "Port")
    fields = [f"X-Forwarded-{name}: {value}" for name in names]
    before = len(behind.seen)
    assert (await tell(place, *fields, target="/x")).status == 401
    assert (await tell(place, *fields, target="/open/x")).status == 200
    seen = forwarded(behind, before)
    assert ADDED.search(seen)
    assert seen.count(b"X-Forwarded-") == 4


@pytest.mark.threat(23)
@pytest.mark.parametrize(
    "agent",
    ["kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Prometheus/3", "Envoy/HC"],
)
async def test_probes_are_visitors(place: World, behind: Application, agent: str) -> None:
    """A User-Agent of a health check shows that it opens nothing, on no path."""
    before = len(behind.seen)
    for path in ("/", "/ping", "/health", "/healthz", "/ready", "/metrics", "/robots.txt"):
        assert (await tell(place, f"User-Agent: {agent}", target=path)).status == 401
    assert {line for line in forwarded(behind, before).split(b"\r\n") if b"GET" in line} <= {
        b"GET /whoami HTTP/1.1"
    }
