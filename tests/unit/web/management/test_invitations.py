"""Inviting people, over the API."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import invitations as api
from sidecar.core.errors import InvitationNeeded
from sidecar.web.management.invitations import InvitationCalls
from tests.unit.flows.scene import ADA, Scene
from tests.unit.web.management.desk import Desk, desk_of

HERS = {"user_id": "shop:ada"}


@pytest.fixture
async def desk(here: Scene) -> AsyncIterator[Desk]:
    calls = InvitationCalls(here.people)
    async with desk_of(here, api.ENDPOINTS, lambda _here: calls.handlers()) as opened:
        yield opened


async def test_a_code_opens_the_first_enrollment(desk: Desk, here: Scene) -> None:
    """A code for an hour shows its end, and opens the door until it is withdrawn."""
    told = await desk.call(api.INVITE, {**HERS, "life_s": 3600})
    assert (told.said["user_id"], told.said["expires_at"][11:13]) == ("shop:ada", "13")
    visit, _ = await here.enter()
    code = told.said["code"]
    await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    for _ in range(2):
        assert (await desk.call(api.WITHDRAW, query=HERS)).status == 204
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    events = (await here.people.show(ADA)).events
    assert {event.actor for event in events} == {"api:desk"}


async def test_who_enrolled_gets_none(desk: Desk, here: Scene) -> None:
    """Somebody with an app shows a conflict."""
    await here.enroll()
    assert (await desk.call(api.INVITE, HERS)).slug == "conflict"


@pytest.mark.parametrize("life", [59, 30 * 86_400 + 1, "1h", 3600.5, True])
async def test_a_life_has_bounds(desk: Desk, here: Scene, life: object) -> None:
    """A minute less and a month more, and what is no number, show a fault, and no code."""
    assert (await desk.call(api.INVITE, {**HERS, "life_s": life})).slug == "input-invalid"
    assert (await here.people.show(ADA)).account is None
