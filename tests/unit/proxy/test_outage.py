"""Twin of sidecar/proxy/outage.py: who goes on while the database cannot be reached."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import aiohttp
import pytest
from structlog.testing import capture_logs

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage.guard import RETRY_S
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, free_port, world

RULES: list[dict[str, Any]] = [
    {"name": "open", "path": "/open/**", "level": "bypass"},
    {"name": "denies", "path": "/denies/**", "level": "two_factor", "on_outage": "deny"},
    {"name": "fresh", "path": "/fresh/**", "level": "two_factor", "max_age": "12h"},
]
BEARING: dict[str, Any] = {
    "policy": {"default": "two_factor", "on_outage": "allow_if_proven", "rules": RULES}
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


@pytest.fixture
async def place(folder: Path) -> AsyncIterator[World]:
    async with world(folder, changes=BEARING) as made:
        yield made


@contextmanager
def lost(place: World, why: Unserved = Unserved.UNREACHABLE) -> Iterator[None]:
    """The database is gone for the length of the block."""

    def gone(*_people: object) -> None:
        raise StoreUnavailable("gone", why=why)

    with pytest.MonkeyPatch.context() as patch:
        for way in ("read", "begin", "glance"):
            patch.setattr(place.sidecar.store, way, gone)
        yield


async def back(place: World) -> None:
    """It is noticed that the database is there again."""
    async with asyncio.timeout(RETRY_S):
        while place.sidecar.flows.revocations.read_at != place.clock():
            with suppress(StoreUnavailable):
                await place.sidecar.flows.revocations.read()
            await asyncio.sleep(0.05)


async def proven(place: World) -> Visitor:
    """Return the browser of somebody who was let in a moment ago."""
    ada = place.visitor()
    await ada.enroll("ada")
    assert (await ada.fetch("/x")).status == 200
    return ada


async def asked(probes: dict[str, Any], path: str) -> tuple[int, str]:
    url = f"http://{probes['listen']['probes']}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_whose_proof_was_in_memory_goes_on_for_five_minutes(place: World) -> None:
    """A database that is gone shows who was inside served for five minutes and then refused, and
    everybody else refused from the first moment that memory does not count.
    """
    ada, bob = await proven(place), place.visitor()
    await bob.sign_in("grace")
    with lost(place), capture_logs() as logged:
        place.clock.travel(seconds=4)
        for _ in range(3):
            assert (await ada.fetch("/x")).status == 200
            assert (await bob.fetch("/x")).status == 503
        assert (await ada.send("POST", "/x", headers={"Sec-Fetch-Site": "same-origin"})).status in {
            200,
            201,
        }
        place.clock.travel(minutes=4, seconds=50)
        assert (await ada.fetch("/x")).status == 200
        place.clock.travel(seconds=10)
        assert (await ada.fetch("/x")).status == 503
    told = [line for line in logged if line["event"] == "outage.allowed"]
    assert [line["requests"] for line in told] == [1, 4]
    assert told[0]["rules"] == ["default"]
    assert told[0]["log_level"] == "warning"


async def test_rules_that_do_not_say_so_deny(place: World) -> None:
    """Rules that deny, or ask for fresh proofs, and our own pages show 503 to whoever was inside;
    what asks nothing goes on.
    """
    ada = await proven(place)
    with lost(place):
        place.clock.travel(seconds=4)
        for path in ("/denies/x", "/fresh/x", "/_sidecar/account"):
            page = await ada.fetch(path)
            assert (page.status, page.headers["Retry-After"]) == (503, "5"), path
        assert (await ada.fetch("/open/x")).status == 200


async def test_only_an_outage_is_one(place: World) -> None:
    """A database that answers, but not as it should, shows nobody let on."""
    ada = await proven(place)
    for why in set(Unserved) - {Unserved.UNREACHABLE}:
        with lost(place, why):
            place.clock.travel(seconds=4)
            assert (await ada.fetch("/x")).status == 503
        await back(place)
        assert (await ada.fetch("/x")).status == 200


async def test_what_memory_would_not_have_answered_before_it_does_not_answer_now(
    place: World,
) -> None:
    """A session that was last used half a minute before the outage shows refused: another process
    may have given it another token since.
    """
    ada = await proven(place)
    place.clock.travel(seconds=31)
    await place.sidecar.flows.revocations.read()
    with lost(place):
        place.clock.travel(seconds=4)
        assert (await ada.fetch("/x")).status == 503


async def test_whoever_was_signed_out_stays_out(place: World) -> None:
    """A revocation that is told, or tried in vain, during the outage shows its person refused."""
    ada = await proven(place)
    with lost(place):
        place.clock.travel(seconds=4)
        assert (await ada.fetch("/x")).status == 200
        page = await ada.fetch("/logout")  # the application signs out, which we cannot write
        assert page.status == 503
        place.application.people[ada.cookies["app"]] = "ada"  # its cookie comes alive again
        assert (await ada.fetch("/x")).status == 503
    await back(place)
    assert (await ada.fetch("/x")).status == 200
    with lost(place):
        place.clock.travel(seconds=4)
        assert (await ada.fetch("/x")).status == 200
        place.sidecar.flows.revocations.tell(None, None)
        assert (await ada.fetch("/x")).status == 503


async def test_somebody_else_in_the_same_browser_is_not_let_on(place: World) -> None:
    """A browser in which another person signs in shows that the proofs before are not theirs."""
    ada = await proven(place)
    with lost(place):
        place.clock.travel(seconds=4)
        assert (await ada.fetch("/x")).status == 200
        place.application.people[ada.cookies["app"]] = "grace"
        place.clock.travel(minutes=1)  # what memory says of the cookie is over
        assert (await ada.fetch("/x")).status == 503


async def test_no_tunnel_begins(place: World) -> None:
    """A WebSocket that would outlast the five minutes shows refused."""
    ada = await proven(place)
    with lost(place):
        place.clock.travel(seconds=4)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with ada.socket("/ws"):
                pass
        assert refused.value.status == 503


async def test_nothing_is_kept_for_longer(place: World) -> None:
    """Sweeping shows what may still count kept for five minutes, and then nothing."""
    ada = await proven(place)
    sessions = place.sidecar.flows.sessions
    with lost(place):
        place.clock.travel(minutes=4)
        sessions.sweep()
        assert (await ada.fetch("/x")).status == 200
        place.clock.travel(minutes=2)
        sessions.sweep()
        assert not sessions._kept


async def test_each_is_counted(folder: Path) -> None:
    """What was allowed in an outage shows in the metrics under its rule and a word of its own."""
    probes = {"listen": {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{free_port()}"}}
    async with world(folder, changes={**BEARING, **probes}) as place:
        ada = await proven(place)
        with lost(place):
            place.clock.travel(seconds=4)
            assert (await ada.fetch("/x")).status == 200
            assert (await ada.fetch("/denies/x")).status == 503
            assert await asked(probes, "/health/ready") == (200, ANY)  # else nobody would come
            place.clock.travel(minutes=5)
            assert await asked(probes, "/health/ready") == (503, ANY)
        _, told = await asked(probes, "/metrics")
    (line,) = (line for line in told.splitlines() if 'decision="outage"' in line)
    assert re.search(r'rule="default".*} 1\.0', line)
