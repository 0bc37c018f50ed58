"""Twin of sidecar/proxy/pipeline.py: the steps together, seen from outside."""

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.errors import StoreUnavailable
from tests.unit.flows.scene import quick_folder
from tests.visitor import FETCH, NAVIGATION
from tests.wire import tell, wired
from tests.world import ORIGIN, World, world

PROBLEM = "application/problem+json"
UPGRADE = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]


def whoami(place: World) -> int:
    return sum(one.target == "/whoami" for one in place.application.seen)


async def test_every_method_meets_the_same_gate() -> None:
    """Every method and a WebSocket handshake (THREATS 33, 65) show the same refusal."""
    with quick_folder() as folder:
        async with world(folder) as place:
            browser = place.visitor()
            await browser.sign_in("ada")
            jar = f"Cookie: app={browser.cookies['app']}"
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
                assert (method, (await tell(place, jar, method=method)).status) == (method, 403)
            assert (await tell(place, jar, *UPGRADE)).status == 403
            assert (await tell(place, *UPGRADE, target="/_sidecar/account")).status in {
                303,
                401,
                403,
            }
            assert place.application.reached == ["POST /login"]


async def test_expecting_client_is_judged_first() -> None:
    """`Expect: 100-continue` shows the refusal at once, and no invitation to send (HTTP F18)."""
    with quick_folder() as folder:
        async with world(folder) as place, wired(place) as client:
            client.send(
                b"POST /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            assert (await client.answer()).status == 401


async def test_pipelined_requests_are_judged_one_by_one() -> None:
    """An open request before a guarded one (HTTP F17) shows that each is judged for itself."""
    with quick_folder() as folder:
        async with world(folder) as place, wired(place) as client:
            head = b"GET %b HTTP/1.1\r\nHost: app.test\r\n\r\n"
            client.send(head % b"/open/a" + head % b"/guarded" + head % b"/open/b")
            assert [(await client.answer()).status for _ in range(3)] == [200, 401, 200]


async def test_hot_path_asks_nobody() -> None:
    """Repeated requests of a proven person show no further question and no further write."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            await ada.fetch("/warm")
            asked = whoami(place)
            for _ in range(20):
                assert (await ada.fetch("/x")).status == 200
            assert whoami(place) == asked


async def test_unsafe_requests_are_asked_about_anew() -> None:
    """Every unsafe request shows a question before it, and one after it for the next."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                await ada.fetch("/warm")
                asked = whoami(place)
                assert (await ada.fetch("/x", method)).status == 200
                assert (await ada.fetch("/x")).status == 200
                assert (method, whoami(place)) == (method, asked + 2)


@pytest.mark.parametrize("unidentified", ["pass", "refuse"])
async def test_nobodys_bodies_are_bounded_by_every_rule(unidentified: str) -> None:
    """A path with two readings shows the smaller bound of both rules, whoever nobody is."""
    api = {"level": "two_factor", "preflight": "pass"}
    rules = [
        {"name": "large", "regex": "/api//.*", **api},
        {"name": "small", "path": "/api/**", **api, "max_body": "4B"},
    ]
    preflight = ["Origin: https://app.test", "Access-Control-Request-Method: PUT"]
    changes = {
        "policy": {"default": "two_factor", "rules": rules},
        "unidentified": unidentified,
        "login": {},
    }
    with quick_folder() as folder:
        async with world(folder, changes=changes) as place:
            asked = ["POST", "OPTIONS"] if unidentified == "pass" else ["OPTIONS"]
            for method in asked:
                fields = preflight if method == "OPTIONS" else []
                for body, status in ((b"four", 200), (b"fives", 413)):
                    answer = await tell(place, *fields, method=method, target="/api//x", body=body)
                    assert (method, answer.status) == (method, status)


async def test_preflights_carry_nothing() -> None:
    """A preflight shows that it passes where the rule says so, and without any credential."""
    rules = [{"name": "api", "path": "/api/**", "level": "two_factor", "preflight": "pass"}]
    changes: dict[str, Any] = {"policy": {"default": "two_factor", "rules": rules}}
    with quick_folder() as folder:
        async with world(folder, changes=changes) as place:
            signs = ["Origin: https://other.test", "Access-Control-Request-Method: PUT"]
            for target, fields, method, status in (
                ("/api/x", signs, "OPTIONS", 200),
                ("/api/x", ["Cookie: app=stale", *signs], "OPTIONS", 200),
                ("/API/x", signs, "OPTIONS", 401),
                ("/x", signs, "OPTIONS", 401),
                ("/api/x", signs[:1], "OPTIONS", 401),
                ("/api/x", signs[1:], "OPTIONS", 401),
                ("/api/x", signs, "GET", 401),
            ):
                answer = await tell(place, *fields, method=method, target=target)
                assert (target, method, answer.status) == (target, method, status)
            passed = [one for one in place.application.seen if one.target != "/whoami"]
            assert [one.all("Cookie") for one in passed] == [[], []]


async def test_loop() -> None:
    """A request that already went through us (HTTP T8) shows that it is refused."""
    with quick_folder() as folder:
        async with world(folder) as place:
            await tell(place, target="/open/x")
            [via] = place.application.seen[-1].all("Via")
            assert (await tell(place, f"Via: 1.1 front, {via}", target="/open/x")).status == 400
            assert (await tell(place, "Via: 1.1 sidecar-other", target="/open/x")).status == 200


async def test_errors_are_told_as_they_can_be_read() -> None:
    """A failing application shows a page to people, a problem to programs, no detail to either."""
    with quick_folder() as folder:
        async with world(folder) as place:
            place.application.down = True
            for headers, kind in ((NAVIGATION, "text/html; charset=utf-8"), (FETCH, PROBLEM)):
                page = await place.visitor().send("GET", "/x", headers=headers, cookies="app=1")
                assert (page.status, page.headers["Content-Type"]) == (503, kind)
                assert page.headers["X-Request-Id"] in page.text
                assert "127.0.0.1" not in page.text
            answer = await tell(place, host="evil.test")
            assert json.loads(answer.body)["request_id"]


async def test_unreachable_application(tmp_path: Path) -> None:
    """An application that is gone shows 502 in our own words, on open paths too."""
    async with world(tmp_path, changes={"upstreams": {"shop": "http://127.0.0.1:9"}}) as place:
        for headers, kind in ((NAVIGATION, "text/html; charset=utf-8"), (FETCH, PROBLEM)):
            page = await place.visitor().send("GET", "/open/x", headers=headers)
            assert (page.status, page.headers["Content-Type"]) == (502, kind)
        assert "upstream-unreachable" in page.text


async def test_store_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreadable store shows 503, never a way through and never a new enrollment (promise 2)."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")

            def gone(*_people: object) -> None:
                raise StoreUnavailable("gone")

            monkeypatch.setattr(place.sidecar.store, "read", gone)
            monkeypatch.setattr(place.sidecar.store, "glance", gone)
            monkeypatch.setattr(place.sidecar.store, "begin", gone)
            place.clock.travel(minutes=2)
            for headers in (NAVIGATION, FETCH):
                page = await ada.send("GET", "/x", headers=headers)
                assert (page.status, page.headers["Retry-After"]) == (503, "5")
            monkeypatch.undo()
            assert (await ada.fetch("/x")).status == 200


async def test_activity() -> None:
    """Navigations show that they keep a session alive; background requests do not."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            for _ in range(4):
                place.clock.travel(minutes=40)
                assert (await ada.send("GET", "/x", headers=NAVIGATION)).status == 200
            for _ in range(2):
                place.clock.travel(minutes=25)
                assert (await ada.fetch("/x")).status == 200
            place.clock.travel(minutes=25)
            assert (await ada.fetch("/x")).status == 401


async def test_activity_while_the_store_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write of activity that fails shows that the request it belongs to still passes."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            place.clock.travel(minutes=2)
            assert (await ada.fetch("/x")).status == 200

            def gone(*_people: object) -> None:
                raise StoreUnavailable("gone")

            monkeypatch.setattr(place.sidecar.store, "begin", gone)
            assert (await ada.send("GET", "/x", headers=NAVIGATION)).status == 200


async def test_signing_out_of_the_application() -> None:
    """The application's logout shows that what was proven ends with it."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            app = ada.cookies["app"]
            assert (await ada.fetch("/logout")).status == 200
            place.application.people[app] = "ada"  # the cookie comes alive again
            page = await ada.fetch("/x")
            assert (page.status, "proof-missing" in page.text) == (401, True)


async def test_led_back_to_this_origin() -> None:
    """Any person who is stopped shows an address of ours, on the origin that was asked."""
    changes = {"public": [ORIGIN, "https://second.test:8443"]}
    with quick_folder() as folder:
        async with world(folder, changes=changes) as place:
            for host in ("app.test", "second.test:8443"):
                answer = await tell(place, "Sec-Fetch-Mode: navigate", target="/x", host=host)
                assert answer.all("Location") == [f"https://{host}/login".encode()]
