"""Harbour through its HTTP surface."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientResponse, WSServerHandshakeError
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from sidecar.demo.app import create_app
from sidecar.demo.visit import COOKIE, Options

Client = TestClient[Request, Application]
Open = Callable[[Options], Awaitable[Client]]


@pytest.fixture
def open_app(aiohttp_client: Callable[[Application], Awaitable[Client]]) -> Open:
    async def open_with(options: Options) -> Client:
        return await aiohttp_client(create_app(options))

    return open_with


@pytest.fixture
async def harbour(open_app: Open) -> Client:
    return await open_app(Options())


def cookie(client: Client) -> str:
    found = client.session.cookie_jar.filter_cookies(client.make_url("/")).get(COOKIE)
    return found.value if found else ""


async def csrf(client: Client, path: str) -> str:
    text = await (await client.get(path)).text()
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', text)
    assert found is not None, text
    return found[1]


async def sign_in(
    client: Client, name: str = "ada", password: str = "engine-room"
) -> ClientResponse:
    fields = {"csrf": await csrf(client, "/login"), "name": name, "password": password}
    return await client.post("/login", data=fields, allow_redirects=False)


async def test_nobody_is_said_plainly(harbour: Client) -> None:
    """A visitor without a session shows that /whoami answers 200 with a null user."""
    answer = await harbour.get("/whoami")
    assert answer.status == 200
    assert await answer.json() == {"user": None}
    assert answer.headers["Cache-Control"] == "no-store"


async def test_sign_in_names_the_person(harbour: Client) -> None:
    """The right password shows that /whoami then names its person."""
    answer = await sign_in(harbour)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert await (await harbour.get("/whoami")).json() == {
        "user": {"id": "ada", "name": "Ada Lovelace", "email": "ada@harbour.example"}
    }


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "crows-nest"), ("ada", ""), ("nobody", ""), ("", ""), ("ä", "ö")]
)
async def test_wrong_password_is_refused(harbour: Client, name: str, password: str) -> None:
    """A pair that does not belong together shows that nobody gets in."""
    assert (await sign_in(harbour, name, password)).status == 403
    assert await (await harbour.get("/whoami")).json() == {"user": None}


async def test_sign_in_changes_the_cookie(harbour: Client) -> None:
    """A cookie planted before the sign-in shows that it is nobody's afterwards."""
    await csrf(harbour, "/login")
    planted = cookie(harbour)
    await sign_in(harbour)
    assert planted
    assert cookie(harbour) != planted


async def test_the_weak_variant_keeps_its_cookie(open_app: Open) -> None:
    """`keep_cookie` shows that the same cookie is somebody after the sign-in."""
    client = await open_app(Options(keep_cookie=True))
    await csrf(client, "/login")
    before = cookie(client)
    await sign_in(client)
    assert cookie(client) == before
    assert (await (await client.get("/whoami")).json())["user"]["id"] == "ada"


@pytest.mark.parametrize("path", ["/login", "/notes", "/payments", "/logout", "/away"])
async def test_forms_need_their_token(harbour: Client, path: str) -> None:
    """A post without the form's token, or with another's, shows that nothing happens."""
    await sign_in(harbour)
    for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "ü"}):
        assert (await harbour.post(path, data=fields)).status == 403
    assert (await (await harbour.get("/whoami")).json())["user"]["id"] == "ada"


async def test_signing_out_ends_the_session(harbour: Client) -> None:
    """After signing out, the old cookie shows that it is nobody's."""
    await sign_in(harbour)
    token = cookie(harbour)
    await harbour.post("/logout", data={"csrf": await csrf(harbour, "/logout")})
    harbour.session.cookie_jar.update_cookies({COOKIE: token}, harbour.make_url("/"))
    assert await (await harbour.get("/whoami")).json() == {"user": None}


@pytest.mark.parametrize("path", ["/notes", "/payments", "/away"])
async def test_pages_lead_to_the_login(harbour: Client, path: str) -> None:
    """An anonymous visit to a page shows that the login form comes first."""
    answer = await harbour.get(path, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")


async def test_programs_are_told(harbour: Client) -> None:
    """An anonymous program shows that it gets 401 as JSON, on the API and the live channel."""
    answer = await harbour.get("/api/notes", allow_redirects=False)
    assert answer.status == 401
    assert await answer.json() == {"error": "sign in first"}
    with pytest.raises(WSServerHandshakeError, match="401"):
        await harbour.ws_connect("/live")


async def test_notes_are_ones_own(harbour: Client) -> None:
    """A note written by form and one by API show that both are listed, for their writer only."""
    await sign_in(harbour)
    token = await csrf(harbour, "/notes")
    await harbour.post("/notes", data={"csrf": token, "text": "<b>calm</b>"})
    added = await harbour.post("/api/notes", json={"text": "wind from the west"})
    assert added.status == 201
    listed = await (await harbour.get("/api/notes")).json()
    assert [note["text"] for note in listed] == ["wind from the west", "<b>calm</b>"]
    assert "&lt;b&gt;calm" in await (await harbour.get("/notes")).text()
    harbour.session.cookie_jar.clear()
    await sign_in(harbour, "grace", "crows-nest")
    assert await (await harbour.get("/api/notes")).json() == []


@pytest.mark.parametrize("body", ["", "{}", "[]", "1", '{"text": 1}', '{"text": " "}', "{"])
async def test_bad_json_is_refused(harbour: Client, body: str) -> None:
    """A malformed body shows that it is refused and nothing is written."""
    await sign_in(harbour)
    headers = {"Content-Type": "application/json"}
    assert (await harbour.post("/api/notes", data=body, headers=headers)).status == 400
    assert (await harbour.post("/api/notes", data='{"text": "x"}')).status == 415
    assert await (await harbour.get("/api/notes")).json() == []


@pytest.mark.parametrize(
    ("amount", "status"),
    [("12.50", 200), ("0", 400), ("-1", 400), ("NaN", 400), ("1.234", 400), ("1e9", 400)],
)
async def test_payments_take_real_sums(harbour: Client, amount: str, status: int) -> None:
    """Sums of money show that only those between a cent and the limit are paid."""
    await sign_in(harbour)
    fields = {"csrf": await csrf(harbour, "/payments"), "payee": "Pilot boat", "amount": amount}
    answer = await harbour.post("/payments", data=fields)
    assert answer.status == status
    assert ("12.50 €" in await answer.text()) is (status == 200)


async def test_away_leaves_the_site(harbour: Client) -> None:
    """The post shows that it ends in a redirect to another origin."""
    await sign_in(harbour)
    fields = {"csrf": await csrf(harbour, "/away")}
    answer = await harbour.post("/away", data=fields, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "https://example.com/")


async def test_the_live_channel_counts_and_echoes(harbour: Client) -> None:
    """An open channel shows that it counts by itself and repeats what is said."""
    await sign_in(harbour)
    socket = await harbour.ws_connect("/live")
    assert await socket.receive_json() == {"seconds": 0}
    await socket.send_str("ahoy")
    said = [await socket.receive_json() for _ in range(2)]
    assert {"echo": "ahoy"} in said
    await socket.close()


async def test_a_restart_keeps_everything(open_app: Open, tmp_path: Path) -> None:
    """A second run on the same file shows that the sign-in and the notes are still there."""
    options = Options(data=tmp_path / "harbour.json")
    first = await open_app(options)
    await sign_in(first)
    await first.post("/api/notes", json={"text": "still here"})
    second = await open_app(options)
    second.session.cookie_jar.update_cookies({COOKIE: cookie(first)}, second.make_url("/"))
    listed = await (await second.get("/api/notes")).json()
    assert [note["text"] for note in listed] == ["still here"]
    assert (tmp_path / "harbour.json").stat().st_mode & 0o077 == 0


async def test_pages_bring_nothing_from_elsewhere(open_app: Open) -> None:
    """Every page shows that it names no other origin and carries the policy that forbids one."""
    client = await open_app(Options(security_url="/security"))
    await sign_in(client)
    for path in ("/", "/notes", "/payments", "/away", "/logout"):
        answer = await client.get(path)
        assert answer.status == 200
        text = await answer.text()
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)
        assert "style=" not in text
        assert 'href="/security"' in text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


async def test_an_address_that_leads_nowhere(harbour: Client) -> None:
    """An unknown address shows that it gets a page of Harbour's own, and a program none."""
    page = await harbour.get("/nowhere")
    assert page.status == 404
    assert "Nothing is moored here" in await page.text()
    assert (await harbour.get("/api/nowhere")).content_type == "text/plain"
