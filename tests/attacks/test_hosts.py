"""One request names one host of ours, or goes nowhere (THREATS 13, 15; HTTP T2, T6)."""

from pathlib import Path

import pytest

from tests.wire import tell, wired
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

MALFORMED = [
    "",
    " ",
    "app.test evil.test",
    "app.test,evil.test",
    "user@app.test",
    "app.test@evil.test",
    "app.test/",
    "app.test/path",
    "app.test?x",
    "app.test#x",
    "app.test\\evil.test",
    "app.test:",
    "app.test:port",
    "app.test:443:443",
    "app.test:123456",
    "[::1",
    "::1",
    "[app.test]",
    "app%2etest",
    "https://app.test",
    "\xe4pp.test",
    "app.test\x01",
    "*",
    "app_.test;x",
]
STRANGERS = [
    "evil.test",
    "app.test.evil.test",
    "xapp.test",
    "app.test:80",
    "app.test:8443",
    "sub.app.test",
    "app..test",
    "app.test..",
    ".app.test",
    "127.0.0.1",
    "[::1]",
    "localhost",
    "xn--pp-uia.test",
    "0",
]
OURS = ["app.test", "APP.TEST", "App.Test", "app.test.", "app.test:443", "APP.test.:443"]


@pytest.mark.http("T6")
@pytest.mark.threat(13)
@pytest.mark.parametrize("path", ["/open/x", "/_sidecar/static/nothing", "/x"])
@pytest.mark.parametrize("host", MALFORMED)
async def test_malformed(place: World, path: str, host: str) -> None:
    """A Host that can be read two ways, or not at all, shows 400 on every kind of path."""
    answer = await tell(place, target=path, host=host)
    assert (answer.status, answer.all("Connection")) == (400, [b"close"])
    assert place.application.seen == [] or place.application.seen[-1].target != path


@pytest.mark.parametrize("path", ["/open/stranger", "/_sidecar/account", "/login", "/stranger"])
@pytest.mark.parametrize("host", STRANGERS)
async def test_strangers(place: World, path: str, host: str) -> None:
    """A host that is none of ours shows 421, on bypassed paths too."""
    answer = await tell(place, target=path, host=host)
    assert (answer.status, b"misdirected-request" in answer.body) == (421, True)
    assert not [one for one in place.application.seen if one.target == path]


@pytest.mark.http("T6")
@pytest.mark.threat(13)
@pytest.mark.parametrize("host", OURS)
async def test_every_spelling_of_ours(place: World, host: str) -> None:
    """Every spelling of our host shows that the application sees the one that was judged."""
    answer = await tell(place, target="/open/ours", host=host)
    seen = place.application.seen[-1]
    assert (answer.status, seen.all("Host")) == (200, ["app.test"])
    assert seen.all("X-Forwarded-Host") == ["app.test"]


@pytest.mark.http("T6")
@pytest.mark.threat(13)
async def test_doubled_or_missing(place: World) -> None:
    """Two Hosts, and none, show 400."""
    for hosts in (["Host: app.test"], ["host: evil.test"], ["HOST: app.test"]):
        assert (await tell(place, *hosts, target="/open/x")).status == 400
    assert (await tell(place, target="/open/x", host=None)).status == 400
    async with wired(place) as client:
        client.send(b"GET /open/x HTTP/1.0\r\n\r\n")
        assert (await client.answer()).status == 400


@pytest.mark.http("T2", "T4")
@pytest.mark.threat(13)
@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://app.test/open/abs", "app.test", 200),
        ("https://app.test/open/abs", "app.test", 200),
        ("HTTPS://APP.TEST:443/open/abs", "app.test", 200),
        ("https://app.test/x", "app.test", 401),
        ("https://app.test/_sidecar/nowhere", "app.test", 404),
        ("https://evil.test/open/abs", "evil.test", 421),
        ("https://evil.test/open/abs", "app.test", 400),
        ("https://app.test/open/abs", "evil.test", 400),
        ("https://user@app.test/open/abs", "app.test", 400),
        ("ftp://app.test/open/abs", "app.test", 400),
        ("https:/app.test/open/abs", "app.test", 400),
        ("https://", "app.test", 400),
        ("https:///open/abs", "app.test", 400),
        ("app.test/open/abs", "app.test", 400),
        ("open/abs", "app.test", 400),
        ("*", "app.test", 400),
    ],
)
async def test_absolute_form(place: World, target: str, host: str, status: int) -> None:
    """A whole URL as target shows that it is judged and sent on as its path, or refused."""
    answer = await tell(place, "Sec-Fetch-Mode: navigate", target=target, host=host)
    expected = 303 if status == 401 else status
    assert (target, answer.status) == (target, expected)
    if status == 200:
        assert place.application.seen[-1].target == "/open/abs"


async def test_absolute_form_without_path(place: World) -> None:
    """A URL without a path shows that it is judged as the root."""
    for target in ("https://app.test", "https://app.test?a=1"):
        assert (await tell(place, target=target)).status == 401


@pytest.mark.threat(13)
async def test_rules_and_upstreams_by_host(tmp_path: Path) -> None:
    """Rules for a host show that they hold at its port too, in every spelling (THREATS 13)."""
    rules = [
        {"name": "admin", "host": ["admin.test"], "level": "deny"},
        {"name": "all", "path": "/**", "level": "bypass"},
    ]
    changes = {
        "public": ["https://app.test", "https://admin.test:8443", "https://admin.test"],
        "policy": {"default": "two_factor", "rules": rules},
    }
    async with world(tmp_path, changes=changes) as place:
        for host in ("admin.test:8443", "ADMIN.test:8443", "admin.test.:8443", "admin.TEST."):
            assert (host, (await tell(place, host=host)).status) == (host, 403)
        assert (await tell(place, host="app.test")).status == 200
        assert {one.all("Host")[0] for one in place.application.seen} == {"app.test"}


@pytest.mark.threat(15)
async def test_scheme_is_not_the_clients_to_say(place: World) -> None:
    """A spoofed scheme (THREATS 15) shows that the public origin decides."""
    for spoof in ("X-Forwarded-Proto: http", "X-Forwarded-Ssl: off", "Forwarded: proto=http"):
        await tell(place, spoof, target="/open/scheme")
        seen = place.application.seen[-1]
        assert seen.all("X-Forwarded-Proto") == ["https"]
        answer = await tell(place, spoof, "Sec-Fetch-Mode: navigate", target="/x")
        assert answer.all("Location") == [b"https://app.test/login"]
