"""Twin of sidecar/proxy/recognise.py: a remembered browser is led back to where it was going."""

from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.visitor import NAVIGATION, Visitor
from tests.world import ORIGIN, World, free_port, world

SESSION, TRUSTED = "__Host-sidecar", "__Host-sidecar-trusted"
ON = {"trusted_devices": {"enabled": True, "lifetime": "30d"}}


async def remembered(place: World) -> Visitor:
    """Return ada's browser, remembered three days ago and in no session."""
    ada = place.visitor()
    await ada.enroll("ada")
    del ada.cookies[SESSION]
    place.clock.travel(seconds=30)
    page = await ada.open("/secret")
    await ada.submit(page, "challenge/answer", code=ada.code(), remember="yes")
    del ada.cookies[SESSION]
    place.clock.travel(days=3)
    return ada


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_whoever_opens_a_page_goes_on_to_it(tmp_path: Path, method: str) -> None:
    """A remembered browser that opens a page shows a redirect to that very address, with a
    session and the next token, and then the page.
    """
    async with world(tmp_path, changes=ON) as place:
        ada = await remembered(place)
        before = ada.cookies[TRUSTED]
        page = await ada.send(method, "/deep/x?a=%2f&b=%e9&q='", headers=NAVIGATION)
        assert page.status == 303
        assert page.location == f"{ORIGIN}/deep/x?a=%2f&b=%e9&q='"
        assert page.headers["Cache-Control"] == "no-store"
        assert ada.cookies[TRUSTED] != before
        lasts = next(line for line in page.headers.getall("Set-Cookie") if TRUSTED in line)
        assert "; Max-Age=2332800; " in lasts
        page = await ada.open("/deep/x")
        assert page.status == 200
        assert place.application.reached[-1] == "GET /deep/x"


async def test_a_parallel_tab_gets_a_session_only(tmp_path: Path) -> None:
    """Two tabs that open together show two sessions and one new token."""
    async with world(tmp_path, changes=ON) as place:
        ada = await remembered(place)
        both = f"app={ada.cookies['app']}; {TRUSTED}={ada.cookies[TRUSTED]}"
        pages = [
            await ada.send("GET", "/x", headers=NAVIGATION, cookies=both) for _ in ("one", "other")
        ]
        set_by = [
            sorted(line.partition("=")[0] for line in page.headers.getall("Set-Cookie"))
            for page in pages
        ]
        assert set_by == [[SESSION, TRUSTED], [SESSION]]
        assert (await ada.open("/x")).status == 200


async def test_where_it_is_not_enough_the_cookie_stays(tmp_path: Path) -> None:
    """A page that wants a fresh proof shows the challenge, and the cookie as it was."""
    async with world(tmp_path, changes=ON) as place:
        ada = await remembered(place)
        before = ada.cookies[TRUSTED]
        page = await ada.send("GET", "/pay/x", headers=NAVIGATION)
        assert "/_sidecar/challenge?" in page.location
        assert ada.cookies[TRUSTED] == before


async def test_what_is_of_no_use_is_dropped(tmp_path: Path) -> None:
    """A browser that was forgotten shows the challenge, and its cookie taken away."""
    async with world(tmp_path, changes=ON) as place:
        ada = await remembered(place)
        place.clock.travel(days=28)
        page = await ada.send("GET", "/x", headers=NAVIGATION)
        assert "/_sidecar/challenge?" in page.location
        assert TRUSTED not in ada.cookies
        assert SESSION in ada.cookies


async def test_it_is_counted_apart(tmp_path: Path) -> None:
    """A recognised browser shows in the metrics as what it is, and not as a step-up."""
    port = free_port()
    listen = {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{port}"}
    async with world(tmp_path, changes={**ON, "listen": listen}) as place:
        ada = await remembered(place)
        await ada.open("/x")
        url = f"http://127.0.0.1:{port}/metrics"
        async with ClientSession() as session, session.get(url) as told:
            text = await told.text()
        counted = [line for line in text.splitlines() if 'decision="remembered"' in line]
        assert len(counted) == 1
        assert counted[0].endswith(" 1.0")
        assert 'rule="default"' in counted[0]
