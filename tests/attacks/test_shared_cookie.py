"""Two people on one application cookie: knowing a password never buys what another one proved.

An application that keeps its cookie at login lets an attacker with a factor of their own sign in
as somebody else under credential bytes that we have already asked about (THREATS 47, 67).
"""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from sidecar.core.protocols import Carriers, RequestView
from sidecar.proxy.board import Board
from sidecar.proxy.known import Marker
from tests.attacks.keeping import CHANGES, LOGIN, Keeping, attacker, signed_in
from tests.wire import tell, wired
from tests.world import World, world


async def test_one_after_the_other(tmp_path: Path) -> None:
    """A loop of sign-ins on one cookie shows that each request is served to whom it was judged."""
    behind = Keeping()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        for _ in range(5):
            assert (await tell(place, f"Cookie: {app}; {ours}", target="/as-ada")).status in {
                200,
                401,
            }
            assert await signed_in(place, "grace", app) == 303
            answer = await tell(place, f"Cookie: {app}; {ours}", target="/as-grace")
            assert answer.status in {401, 403}
            assert await signed_in(place, "ada", app) == 303
        assert not [one for one in behind.served if one.endswith(" grace")]


ALIASES = (
    "app=c0ffee00c0ffee00; z=1",
    "z=1; app=c0ffee00c0ffee00",
    'app="c0ffee00c0ffee00"',
    "app='c0ffee00c0ffee00'",
    "app=c0ffee00c0ffee00;",
    "app= c0ffee00c0ffee00",
    "theme=dark; lang=en; app=c0ffee00c0ffee00; theme=dark",
)
"""One session to the application, in other bytes."""


@pytest.mark.parametrize("way", ["post", "get", "GET"])
async def test_one_session_under_two_spellings(tmp_path: Path, way: str) -> None:
    """A sign-in under other bytes of the same session shows that no answer about it survives."""
    behind = Keeping()
    login = {"paths": ["/login", "/sso/**"], "page": "/login"}
    async with world(tmp_path, application=behind, changes={**CHANGES, "login": login}) as place:
        ada, ours, app = await attacker(place)
        for alias in ALIASES:
            warm = await tell(place, f"Cookie: {alias}; {ours}", target="/warm")
            assert (alias, warm.status) == (alias, 200)
            await sign_in_by(place, way, app, ours)
            assert behind.people["c0ffee00c0ffee00"] == "grace"
            headers = {"Sec-Fetch-Site": "cross-site"}  # or our proofs would be dropped
            jar = f"{alias}; {ours}"
            answer = await ada.send("GET", "/as-grace", headers=headers, cookies=jar)
            assert answer.status in {401, 403}
            assert await signed_in(place, "ada", app) == 303
        assert not [one for one in behind.served if one.endswith(" grace")]


async def sign_in_by(place: World, way: str, app: str, ours: str) -> None:
    """Sign in as grace by a form, or by a link that the application reads in any case."""
    if way == "post":
        assert await signed_in(place, "grace", app) == 303
        return
    target = "/sso/back" if way == "get" else "/SSO/Back/"
    fields = [f"Cookie: {app}; {ours}"] if way == "GET" else [f"Cookie: {app}"]
    answer = await tell(place, *fields, target=f"{target}?user=grace")
    assert answer.status in {303, 403}


def test_escaped_spelling_is_the_same_session() -> None:
    """Escapes, quotes and case show that marks find one session under every spelling."""

    def view(cookies: str) -> RequestView:
        return RequestView(
            "GET", "/", "", "app.test", "https", ((b"Cookie", cookies.encode()),), "", ""
        )

    marker, carriers = Marker(Board().key), Carriers(any_cookie=True)
    value = "c0ffee00c0ffee00"
    escaped = "".join(f"%{ord(char):02x}" for char in value)
    plain = marker.marks(view(f"app={value}"), carriers)
    for other in (value.upper(), f'"{value}"', escaped, quote(f" {value}\t"), f"{value}."):
        assert plain <= marker.marks(view(f"a=1; APP={other}"), carriers)


async def test_sign_in_that_takes_its_time(tmp_path: Path) -> None:
    """A sign-in under way shows that nothing asked before it, or during it, is used after it."""
    behind = Keeping()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        body = LOGIN.format("grace", "hopper").encode()
        async with wired(place) as slow:
            slow.send(
                b"POST /login HTTP/1.1\r\nHost: app.test\r\nCookie: %b\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (app.encode(), len(body), body[:5])
            )
            await slow.drain()
            # Asked while the sign-in is under way: the answer, ada, must not be kept.
            for _ in range(3):
                await tell(place, f"Cookie: {app}; {ours}", target="/during")
            asked = sum(one.target == "/whoami" for one in behind.seen)
            await tell(place, f"Cookie: {app}; {ours}", target="/during")
            assert sum(one.target == "/whoami" for one in behind.seen) > asked
            slow.send(body[5:])
            assert (await slow.answer()).status == 303
        answer = await tell(place, f"Cookie: {app}; {ours}", target="/as-grace")
        assert answer.status in {401, 403}
        assert not [one for one in behind.served if one.endswith(" grace")]


async def test_upload_that_outlives_a_sign_in(tmp_path: Path) -> None:
    """A body that ends after another's sign-in shows that the application never gets its end."""
    behind = Keeping()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        for framing, last in (
            (b"Content-Length: 8", b"56=8"),
            (b"Transfer-Encoding: chunked", b""),
        ):
            behind.asked.clear()
            async with wired(place) as upload:
                first = b"1=34" if last else b"4\r\n1=34\r\n"
                upload.send(
                    b"POST /transfer HTTP/1.1\r\nHost: app.test\r\nCookie: %b; %b\r\n%b\r\n\r\n%b"
                    % (app.encode(), ours.encode(), framing, first)
                )
                await upload.drain()
                await behind.asked.wait()
                assert await signed_in(place, "grace", app) == 303
                upload.send(last or b"0\r\n\r\n")
                answer = await upload.answer()
            assert (answer.status, answer.whole) == (403, True)
            assert not [one for one in behind.served if "transfer" in one]
            assert await signed_in(place, "ada", app) == 303


async def test_answer_that_outlives_a_sign_in(tmp_path: Path) -> None:
    """An answer made for another person than was judged shows that it is not passed on."""
    behind = Keeping()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        behind.gate.clear()
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(tell(place, f"Cookie: {app}; {ours}", target="/slow"))
            await behind.waiting.wait()
            assert await signed_in(place, "grace", app) == 303
            behind.gate.set()
        assert (slow.result().status, b"grace" in slow.result().body) == (403, False)
        assert behind.served[-1] == "/slow grace"


async def test_own_second_sign_in_disturbs_nothing(tmp_path: Path) -> None:
    """A person who signs in again while a page loads shows that the page still arrives."""
    behind = Keeping()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        behind.gate.clear()
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(tell(place, f"Cookie: {app}; {ours}", target="/slow"))
            await behind.waiting.wait()
            assert await signed_in(place, "ada", app) == 303
            behind.gate.set()
        assert (slow.result().status, slow.result().body) == (200, b"application: /slow for ada")


async def test_attacker_and_victim_at_once(tmp_path: Path) -> None:
    """Two hundred interleaved sign-ins and requests show that grace's pages are never served."""
    behind = Keeping()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)

        async def switch() -> None:
            for turn in range(20):
                await signed_in(place, ("grace", "ada")[turn % 2], app)

        async def read(number: int) -> list[bytes]:
            cookies = (app, f"{app}; z={number}", f"z={number}; {app}")[number % 3]
            answers = [
                await tell(place, f"Cookie: {cookies}; {ours}", target=f"/read/{number}")
                for _ in range(12)
            ]
            return [answer.body for answer in answers if answer.status == 200]

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(switch())
            reading = [tasks.create_task(read(number)) for number in range(12)]
        bodies = [body for task in reading for body in task.result()]
        assert not [body for body in bodies if b"grace" in body]
