"""The management API put together, and its listener."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from sidecar import managing
from sidecar.core.clients import Scope
from sidecar.flows.clients import Clients, Request
from tests.unit.flows.scene import quick_folder
from tests.world import World, world

LISTEN = {"public": "127.0.0.1:0", "management": "127.0.0.1:0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


async def token_of(here: World, *scopes: Scope) -> str:
    kit = here.sidecar.flows.kit
    wanted = Request("tests", frozenset(scopes or Scope), timedelta(days=1))
    text, _ = await Clients(kit.store, kit.tokens, here.clock).create(wanted, "operator:tests")
    return text


async def asked(here: World, path: str, token: str = "") -> int:
    assert here.sidecar.management is not None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"http://127.0.0.1:{here.sidecar.management.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status


async def test_nobody_listens_before_somebody_may_call(folder: Path) -> None:
    """A sidecar without a token shows no listener; with the first one it shows one by itself."""
    async with world(folder, changes={"listen": LISTEN}) as here:
        management = here.sidecar.management
        assert management is not None
        assert management.port == 0
        token = await token_of(here)
        assert await management.look()
        assert await asked(here, "/config/nobody", token) == 404
        assert await asked(here, "/config/nobody") == 401
        assert await asked(here, "/health") == 200


async def test_it_is_looked_at_until_it_is_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first token shows to open the listener without a restart."""
    monkeypatch.setattr(managing, "LOOKED_EVERY_S", 0.0)
    async with world(folder, changes={"listen": LISTEN}) as here:
        token = await token_of(here)
        assert here.sidecar.management is not None
        async with asyncio.timeout(10):
            await here.sidecar.management.opened.wait()
        assert await asked(here, "/metrics", token) == 200


async def test_without_an_address_there_is_none(folder: Path) -> None:
    """A configuration that names no address shows no management API."""
    async with world(folder) as here:
        assert here.sidecar.management is None
