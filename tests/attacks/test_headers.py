"""Nobody speaks for the sidecar, nor for a proxy that the configuration does not name."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.application import Application, Seen
from tests.visitor import Visitor
from tests.wire import tell
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDENTITY = [
    "X-Sidecar-Subject",
    "X-Sidecar-Assertion",
    "X-Sidecar-Anything",
    "Remote-User",
    "Remote-Groups",
    "Remote-Name",
    "Remote-Email",
    "X-Remote-User",
    "X-Auth-Request-User",
    "X-Authenticated-Userid",
    "X-Webauth-User",
    "X-SSL-Client-S-DN",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Tls-Client-Cert",
]
ROUTING = [
    "Forwarded",
    "X-Forwarded-Server",
    "X-Forwarded-Scheme",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Prefix",
    "X-Forwarded-Path",
    "X-Forwarded-Anything-New",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Fastly-Client-IP",
    "X-Scheme",
    "X-Original-URL",
    "X-Original-URI",
    "X-Original-Method",
    "X-Original-Host",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "Proxy",
    "X-Accel-Redirect",
    "X-Accel-Internal",
]
SET_BY_US = {
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-sidecar-subject",
    "x-sidecar-assertion",
}
HOP = [
    "Keep-Alive: timeout=9",
    "Proxy-Connection: keep-alive",
    "TE: trailers",
    "Trailer: X-Evil",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAARAAAAA",
    "Proxy-Authenticate: Basic",
]


def spellings(name: str) -> set[str]:
    return {
        name,
        name.lower(),
        name.upper(),
        name.swapcase(),
        name.replace("-", "_"),
        name.replace("-", "."),
        name.replace("-", "_", 1),
        name.lower().replace("-", "_"),
    }


def jar(browser: Visitor) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def last(place: World, target: str) -> Seen:
    return next(one for one in reversed(place.application.seen) if one.target == target)


def plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@pytest.mark.threat(11, 14, 17, 18)
@pytest.mark.parametrize("name", IDENTITY + ROUTING)
@pytest.mark.parametrize("path", ["/named", "/open/named"])
@pytest.mark.conforms("ASVS-4.1.3")
async def test_managed_names(place: World, ada: Visitor, name: str, path: str) -> None:
    """Names that only a proxy may use (THREATS 11, 14, 17, 18) show that none gets through."""
    sent = [f"{spelling}: evil" for spelling in sorted(spellings(name))]
    answer = await tell(place, jar(ada), *sent, target=path)
    seen = last(place, path)
    got = [key for key, value in seen.headers if plain(key) == plain(name) and "evil" in value]
    assert (answer.status, got) == (200, [])
    assert "evil" not in str(seen.headers)


@pytest.mark.http("H2")
@pytest.mark.threat(19)
@pytest.mark.parametrize("name", sorted(SET_BY_US))
async def test_ours_are_set_once(place: World, ada: Visitor, name: str) -> None:
    """Our own headers, sent and nominated by the client (THREATS 19), show our value once."""
    sent = [f"{spelling}: evil" for spelling in sorted(spellings(name))]
    answer = await tell(
        place, jar(ada), *sent, f"Connection: close, {name}, cookie, host, via", target="/ours"
    )
    values = last(place, "/ours").all(name)
    assert (answer.status, len(values)) == (200, 1)
    assert "evil" not in values[0]


async def test_what_the_application_is_told(place: World, ada: Visitor) -> None:
    """An allowed request shows exactly the headers of the contract, beside what was sent."""
    await tell(place, jar(ada), "X-Own: 1", "X-Own: 2", "x-OWN: 3", target="/told?q=%2f")
    seen = last(place, "/told?q=%2f")
    assert seen.all("x-own") == ["1", "2", "3"]
    assert seen.all("Host") == ["app.test"]
    assert seen.all("X-Forwarded-For") == ["127.0.0.1"]
    assert seen.all("X-Forwarded-Proto") == ["https"]
    assert seen.all("X-Forwarded-Host") == ["app.test"]
    assert seen.all("X-Forwarded-Port") == ["443"]
    assert seen.all("X-Sidecar-Subject") == ["ada"]
    assert [value.partition("-")[0] for value in seen.all("Via")] == ["1.1 sidecar"]
    assert {key.lower() for key, _ in seen.headers} == SET_BY_US | {
        "host",
        "cookie",
        "x-own",
        "via",
    }


async def test_nobody_is_vouched_for_on_open_paths(place: World, ada: Visitor) -> None:
    """A bypass shows that identity headers are removed there too, and none is added."""
    await tell(place, jar(ada), "X-Sidecar-Subject: ada", target="/open/x")
    assert not [key for key, _ in last(place, "/open/x").headers if "sidecar" in key.lower()]


@pytest.mark.http("H1", "3.3.4")
@pytest.mark.parametrize("field", HOP)
async def test_hop_by_hop(place: World, ada: Visitor, field: str) -> None:
    """Fields for one connection show that they end here, named in `Connection` or not."""
    name = field.partition(":")[0]
    answer = await tell(place, jar(ada), field, "X-Mine: 1", "Connection: x-mine", target="/hop")
    seen = last(place, "/hop")
    assert answer.status == 200
    assert (seen.all(name), seen.all("X-Mine")) == ([], [])


@pytest.mark.http("H2")
@pytest.mark.parametrize(
    "nominated", ["cookie", "Cookie, close", "COOKIE", "authorization", "host", "origin"]
)
async def test_nominating_what_we_judge_by(place: World, ada: Visitor, nominated: str) -> None:
    """`Connection: cookie` (CVE-2022-31813) shows that the judged request is the one sent on."""
    answer = await tell(place, jar(ada), f"Connection: {nominated}", target="/nominated")
    seen = last(place, "/nominated")
    assert (answer.status, seen.all("Cookie")) == (200, [f"app={ada.cookies['app']}"])
    assert seen.all("Host") == ["app.test"]


# --- cookies of ours -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ours",
    [
        "__Host-sidecar=x",
        "sidecar=x",
        "__host-SIDECAR=x",
        "Sidecar=x",
        "__Host-sidecar-known=x",
        "sidecar_known=x",
        "__Host-sidecar.known=x",
        "sidecar-lang=de",
        "  __Host-sidecar =x",
        "\t__Host-sidecar=x",
        "__Host-sidecar",
        "__Host-sidecar=x; __Host-sidecar=y",
    ],
)
async def test_our_cookies_stay_here(place: World, ours: str) -> None:
    """Our cookies, however spelled, show that the application sees the rest byte for byte."""
    target = "/open/cookies"
    await tell(place, f'Cookie: a="1;2"; {ours};b=%20;c', "Cookie: d=4", target=target)
    cookies = last(place, target).all("Cookie")
    assert [one.replace(" ", "") for one in cookies] == ['a="1;2";b=%20;c', "d=4"]
    await tell(place, f"Cookie: {ours}", target=target)
    assert last(place, target).all("Cookie") == []


class Speaking(Application):
    """Adds header fields to its answers."""

    extra: tuple[tuple[str, str], ...] = ()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await super().handle(request)
        for name, value in self.extra:
            response.headers.add(name, value)
        return response


HOSTILE_COOKIES = [
    "__Host-sidecar=evil; Path=/; Secure",
    "__host-sidecar=evil",
    "SIDECAR=evil",
    "sidecar_known=evil",
    "  sidecar  =evil",
    "sidecar",
    "=sidecar=evil",
    "==__Host-sidecar=evil",
    "__Host-sidecar-lang=xx",
]


@pytest.mark.threat(44)
async def test_application_cannot_set_our_cookies(tmp_path: Path) -> None:
    """`Set-Cookie` of the application that names ours (THREATS 44) shows that it is dropped."""
    behind = Speaking()
    async with world(tmp_path, application=behind) as place:
        for hostile in HOSTILE_COOKIES:
            behind.extra = (("Set-Cookie", hostile), ("Set-Cookie", "mine=1"))
            for path in ("/open/x", "/login"):
                answer = await tell(place, target=path)
                assert (hostile, answer.all("Set-Cookie")) == (hostile, [b"mine=1"])


async def test_cookies_of_the_question_reach_the_visitor(tmp_path: Path) -> None:
    """A cookie set when we asked who it is shows that the visitor gets it, whatever we answer."""
    behind = Speaking()
    async with world(tmp_path, application=behind) as place:
        browser = place.visitor()
        await browser.sign_in("ada")
        behind.extra = (("Set-Cookie", "app=renewed"), ("Set-Cookie", "sidecar=evil"))
        page = await browser.fetch("/stopped")
        assert (page.status, page.headers.getall("Set-Cookie")) == (403, ["app=renewed"])
        browser.cookies["app"] = next(iter(behind.people))
        page = await browser.fetch("/easy/x")
        assert page.status == 200
        assert "sidecar" not in str(page.headers.getall("Set-Cookie"))


async def test_application_cannot_speak_for_us(tmp_path: Path) -> None:
    """Our header names in the application's answer show that they do not leave."""
    behind = Speaking()
    async with world(tmp_path, application=behind) as place:
        behind.extra = (("X-Sidecar-Assertion", "evil"), ("x-sidecar-subject", "evil"))
        answer = await tell(place, target="/open/x")
        assert b"evil" not in answer.head


async def test_shared_caches_keep_nothing_guarded(tmp_path: Path) -> None:
    """An answer above bypass shows that it leaves as private; one of an open path is unchanged."""
    behind = Speaking()
    async with world(tmp_path, application=behind) as place:
        browser = place.visitor()
        await browser.sign_in("ada")
        behind.extra = (
            ("cache-control", 'PUBLIC, no-cache="a, b", S-MaxAge=9'),
            ("CDN-Cache-Control", "max-age=9"),
            ("Cloudflare-CDN-Cache-Control", "max-age=9"),
            ("Surrogate-Control", "max-age=9"),
            ("X-Accel-Expires", "9"),
        )
        page = await browser.fetch("/easy/x")
        assert page.headers.getall("Cache-Control") == ['private, max-age=60, no-cache="a, b"']
        assert not {"CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"} & set(page.headers)
        assert "Cloudflare-CDN-Cache-Control" not in page.headers
        opened = await browser.fetch("/open/x")
        assert opened.headers.getall("Cache-Control")[0] == "public, max-age=60, s-maxage=600"
        assert "CDN-Cache-Control" in opened.headers
