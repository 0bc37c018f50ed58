"""What people have set up, over the API."""

import json

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.api import authenticators as api
from sidecar.flows.holdings import Holdings
from sidecar.web.management.authenticators import AuthenticatorCalls
from tests.unit.flows.scene import ADA, Scene
from tests.unit.web.management.program import Program, program

PATH = "/authenticators"


@pytest.fixture
async def desk(aiohttp_client: AiohttpClient, here: Scene) -> Program:
    handlers = AuthenticatorCalls(Holdings(here.store, here.clock)).handlers()
    return await program(aiohttp_client, here, api.ENDPOINTS, handlers)


async def test_a_list_holds_all_but_secrets(desk: Program, here: Scene) -> None:
    """An app and spare codes show by what tells them apart, and by how many codes are left; no
    secret shows in any form.
    """
    visit, phone = await here.enroll()
    at = here.clock()
    here.clock.travel(seconds=1)
    await here.spare(visit, phone)
    told = await desk.call("GET", PATH, user_id="ada")
    assert told["user_id"] == "shop:ada"
    app, codes = told["authenticators"]
    assert app == {
        "id": await here.first_of(),
        "user_id": "shop:ada",
        "factor": "totp",
        "name": "totp",
        "status": "active",
        "usable": True,
        "level": "two_factor",
        "held_until": None,
        "created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "last_used_at": None,
        "detail": "",
        "left": None,
    }
    assert (codes["factor"], codes["left"]) == ("backup_codes", 8)
    assert await desk.call("GET", f"{PATH}/{app['id']}", user_id="shop:ada") == app
    for secret in (phone.secret, *phone.codes):
        assert secret not in json.dumps(told)


async def test_nobody_has_an_empty_list(desk: Program) -> None:
    """Somebody unknown shows a list without anything in it."""
    told = await desk.call("GET", PATH, user_id="nobody")
    assert told == {"user_id": "shop:nobody", "authenticators": []}


@pytest.mark.threat(35)
async def test_anothers_id_is_not_there(desk: Program, here: Scene) -> None:
    """THREATS 35: an id of Ada's under Grace's name, and one that never was, show the same to each
    call, and leave it as it is.
    """
    await here.enroll()
    mine = await here.first_of()
    for which in (mine, "x" * 32, "no-such"):
        path, grace = f"{PATH}/{which}", {"user_id": "grace"}
        problems = [
            await desk.refused("GET", path, **grace),
            await desk.refused("PATCH", path, {**grace, "name": "Mine", "status": "suspended"}),
            await desk.refused("POST", f"{path}/approve", grace),
            await desk.refused("DELETE", path, **grace),
        ]
        assert problems == [(404, "not-found")] * 4
    (held,) = await here.held()
    assert (held.id, held.name, held.usable) == (mine, "totp", True)


async def test_it_is_renamed_stopped_and_let_work(desk: Program, here: Scene) -> None:
    """One call shows a new name and a stop; the next lets it work; the trail shows the client."""
    await here.enroll()
    path = f"{PATH}/{await here.first_of()}"
    change = {"user_id": "ada", "name": " Old  phone", "status": "suspended"}
    told = await desk.call("PATCH", path, change)
    assert (told["name"], told["status"], told["usable"]) == ("Old phone", "suspended", False)
    told = await desk.call("PATCH", path, {"user_id": "ada", "status": "active"})
    assert (told["name"], told["usable"]) == ("Old phone", True)
    assert (await here.people.show(ADA)).events[0].actor == "api:desk"


async def test_what_is_over_stays_so(desk: Program, here: Scene) -> None:
    """A disabled one shows a conflict that says what to do instead."""
    await here.enroll()
    await here.move("disable")
    change = {"user_id": "ada", "status": "active"}
    status, told = await desk.ask("PATCH", f"{PATH}/{await here.first_of()}", change)
    assert (status, told["title"]) == (409, "Conflict")
    assert "set up another" in told["detail"]


async def test_one_that_is_not_held_cannot_be_approved(desk: Program, here: Scene) -> None:
    """An app that counts already shows a conflict."""
    await here.enroll()
    path = f"{PATH}/{await here.first_of()}/approve"
    assert await desk.refused("POST", path, {"user_id": "ada"}) == (409, "conflict")


async def test_a_removed_one_is_gone(desk: Program, here: Scene) -> None:
    """The last one shows to be gone, without a body; a second call finds nothing."""
    await here.enroll()
    path = f"{PATH}/{await here.first_of()}"
    assert await desk.ask("DELETE", path, user_id="ada") == (204, None)
    assert await desk.refused("DELETE", path, user_id="ada") == (404, "not-found")
    assert await here.held() == ()


async def test_whose_has_to_be_said(desk: Program) -> None:
    """A call that leaves the person out, or names one of nobody's realm, shows which parameter."""
    assert await desk.refused("GET", PATH) == (422, "input-invalid")
    status, told = await desk.ask("GET", PATH, user_id="a" * 300)
    assert (status, told["errors"][0]["parameter"]) == (422, "user_id")
