"""Inviting people, over the API."""

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.api import invitations as api
from sidecar.core.errors import InvitationNeeded
from sidecar.web.management.invitations import InvitationCalls
from tests.unit.flows.scene import ADA, Scene
from tests.unit.web.management.program import Program, program

PATH = "/invitations"


@pytest.fixture
async def desk(aiohttp_client: AiohttpClient, here: Scene) -> Program:
    handlers = InvitationCalls(here.people).handlers()
    return await program(aiohttp_client, here, api.ENDPOINTS, handlers)


async def test_a_code_opens_the_first_enrollment(desk: Program, here: Scene) -> None:
    """A code for an hour shows its end, and opens the door until it is withdrawn."""
    told = await desk.call("POST", PATH, {"user_id": "ada", "life_s": 3600})
    assert (told["user_id"], told["expires_at"][:13]) == ("shop:ada", f"{here.clock():%F}T13")
    visit, _ = await here.enter()
    await here.flows.enrollments.begin(visit, "totp", {}, invitation=told["code"])
    for _ in range(2):
        assert await desk.ask("DELETE", PATH, user_id="ada") == (204, None)
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation=told["code"])
    events = (await here.people.show(ADA)).events
    assert {event.actor for event in events} == {"api:desk"}


async def test_who_enrolled_gets_none(desk: Program, here: Scene) -> None:
    """Somebody with an app shows a conflict."""
    await here.enroll()
    assert await desk.refused("POST", PATH, {"user_id": "ada"}) == (409, "conflict")


@pytest.mark.parametrize("life", [59, 30 * 86_400 + 1, "1h", 3600.5, True])
async def test_a_life_has_bounds(desk: Program, here: Scene, life: object) -> None:
    """A minute less and a month more, and what is no number, show a fault, and no code."""
    body = {"user_id": "ada", "life_s": life}
    assert await desk.refused("POST", PATH, body) == (422, "input-invalid")
    assert (await here.people.show(ADA)).account is None
