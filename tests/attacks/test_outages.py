"""What fails lets nobody in, is found again by itself, and is not run over by those who wait."""

import asyncio
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sidecar.core.errors import LimiterUnavailable
from sidecar.storage.guard import RETRY_S
from sidecar.storage.limiter import MemoryLimiter
from tests.faults.line import Hole, line
from tests.postgres import Server
from tests.tools.ports import free_ports
from tests.unit.flows.scene import quick_folder
from tests.visitor import NAVIGATION, Page, Visitor
from tests.world import World, world

BEARING = {"policy": {"default": "two_factor", "on_outage": "allow_if_proven"}}
CROWD = 40
EACH_S = 0.05


async def back(visitor: Visitor, status: int) -> Page:
    """Return the first answer of this status; it comes within what clients were told to wait."""
    until = time.monotonic() + RETRY_S
    page = await visitor.fetch("/x")
    while page.status != status and time.monotonic() < until:
        await asyncio.sleep(EACH_S)
        page = await visitor.fetch("/x")
    assert page.status == status
    return page


async def stranger(place: World) -> Visitor:
    """Return the browser of somebody who proved nothing yet, and has a session of ours."""
    grace = place.visitor()
    await grace.sign_in("grace")
    await grace.open("/x")
    return grace


async def test_a_database_that_ends_lets_nobody_new_in(postgres: Server, tmp_path: Path) -> None:
    """A server that ends every connection shows who was inside going on where the rule says so,
    everybody else refused with a page that says what is the matter, a code that was sent meanwhile
    still good, and everything as before within what clients were told to wait.
    """
    async with (
        postgres.changes() as changes,
        world(tmp_path, changes={**changes, **BEARING}) as place,
    ):
        ada = place.visitor()
        await ada.enroll("ada")
        assert (await ada.fetch("/x")).status == 200
        second = place.visitor()
        await second.sign_in("ada")
        place.clock.travel(minutes=1)
        asked, code = await second.open("/x"), ada.code()
        assert (await ada.fetch("/x")).status == 200
        async with postgres.away(urlsplit(changes["storage"]["database"]).path[1:]):
            place.clock.travel(seconds=4)
            for _ in range(5):
                assert (await ada.fetch("/x")).status == 200
                refused = await second.fetch("/x")
                assert (refused.status, refused.headers["Retry-After"]) == (503, str(RETRY_S))
                assert json.loads(refused.text)["type"].endswith("/store-unavailable")
            page = await second.send("GET", "/x", headers=NAVIGATION)
            assert (page.status, "goes on by itself" in page.text) == (503, True)
            sent = await second.submit(asked, "challenge/answer", code=code)
            assert (sent.status, "may not have been taken" in sent.text) == (503, True)
            assert "Ask the desk." in sent.text
        await back(second, 401)
        await second.submit(asked, "challenge/answer", code=code)
        assert (await second.fetch("/x")).status == 200
        assert (await ada.fetch("/x")).status == 200


async def test_a_database_that_says_nothing_holds_nobody_up(
    postgres: Server, tmp_path: Path
) -> None:
    """A line that swallows everything shows a crowd refused within the time of one statement, the
    next crowd at once, over no more connections than the pool has, and everybody served again
    within what they were told to wait.
    """
    (port,) = free_ports(1)
    async with postgres.empty() as url, line(postgres.port, port) as between:
        address = url.replace(f":{postgres.port}/", f":{port}/")
        storage = {"database": address, "wait": "500ms", "statement": "1s"}
        async with world(tmp_path, changes={"storage": storage}) as place:
            grace = await stranger(place)
            between.become(Hole())
            place.clock.travel(minutes=1)
            for limit_s in (8.0, 3.0):
                begun = time.monotonic()
                pages = await asyncio.gather(*(grace.fetch("/x") for _ in range(CROWD)))
                assert {page.status for page in pages} == {503}
                assert time.monotonic() - begun < limit_s
                await asyncio.sleep(EACH_S)
            assert between.connections <= 2 * 8  # each was tried anew once, at the most
            await between.mend()
            await back(grace, 403)


async def test_what_cannot_be_counted_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limiter that fails shows whoever is inside served, and everybody else told that it is not
    for them to mend, until it works again.
    """

    async def gone(*_said: object) -> None:
        raise LimiterUnavailable("gone")

    with quick_folder() as folder:
        async with world(folder) as place:
            ada, grace = place.visitor(), place.visitor()
            await ada.enroll("ada")
            await grace.sign_in("grace")
            with monkeypatch.context() as patch:
                patch.setattr(MemoryLimiter, "take", gone)
                assert (await ada.fetch("/x")).status == 200
                page = await grace.open("/x")
                assert (page.status, page.headers["Retry-After"]) == (503, "5")
                assert "We cannot count tries." in page.text
            assert (await grace.open("/x")).status == 200
