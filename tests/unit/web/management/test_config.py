"""Configuring people over the API."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sidecar.core.clients import Scope
from sidecar.flows.clients import Clients, Request
from tests.unit.flows.scene import quick_folder
from tests.world import world

LISTEN = {"public": "127.0.0.1:0", "management": "127.0.0.1:0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


async def test_the_life_of_a_configuration(folder: Path) -> None:
    """A person shows configured, read, changed by whoever read last, disabled and enabled."""
    async with world(folder, changes={"listen": LISTEN}) as here:
        kit = here.sidecar.flows.kit
        wanted = Request("tests", frozenset(Scope), timedelta(days=1))
        token, _ = await Clients(kit.store, kit.tokens, here.clock).create(wanted, "operator:x")
        management = here.sidecar.management
        assert management is not None
        await management.look()
        base = f"http://127.0.0.1:{management.port}"
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(base, headers=headers) as session:
            await _live(session)


async def _live(session: aiohttp.ClientSession) -> None:
    async def call(method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with session.request(method, path, json=body, headers=named) as answer:
            return answer.status, {**await answer.json(content_type=None), "etag": _etag(answer)}

    contacts = [{"channel": "email", "address": "Ada@X.test"}]
    status, made = await call("POST", "/config", {"user_id": "ada", "contacts": contacts})
    assert (status, made["etag"], made["user_id"]) == (201, '"1"', "app_login:ada")
    told = {"channel": "email", "masked": "A•••@x.test", "verified": False}
    assert made["notified"] == [told]
    assert (await call("POST", "/config", {"user_id": "ada"}))[0] == 409
    assert await call("GET", "/config/ada") == (200, made)
    assert (await call("GET", "/config/grace"))[0] == 404
    change = {"enabled": True, "required": True}
    assert (await call("PUT", "/config/ada", change, If_Match='"1"'))[0] == 200
    assert (await call("PUT", "/config/ada", change, If_Match='"1"'))[0] == 412
    assert (await call("PUT", "/config/ada", change, If_Match="newest"))[0] == 422
    assert (await call("PUT", "/config/grace", change))[0] == 201
    status, off = await call("POST", "/disable", {"user_id": "ada", "reason": "stolen"})
    assert (status, off["enabled"]) == (200, False)
    assert (await call("POST", "/enable", {"user_id": "ada"}))[1]["enabled"] is True
    wrong = [{"channel": "sms", "address": "12"}]
    status, refused = await call("PUT", "/config/ada", {**change, "contacts": wrong})
    assert (status, refused["errors"][0]["pointer"]) == (422, "/contacts/0/address")


def _etag(answer: aiohttp.ClientResponse) -> str:
    return answer.headers.get("ETag", "")
