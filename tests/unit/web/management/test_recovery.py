"""Asking for a recovery over the API, and deciding it."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import recovery as api
from sidecar.flows.recover import Recovery
from sidecar.web.management.call import Handlers
from sidecar.web.management.recovery import RecoveryCalls
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.web.management.desk import Desk, Told, desk_of

ADA = {"user_id": "shop:ada", "reason": "lost phone"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with quick_folder() as folder:
        async with scene(folder) as here, desk_of(here, api.ENDPOINTS, handlers) as opened:
            yield opened


def handlers(here: Scene) -> Handlers:
    return RecoveryCalls(Recovery(here.store, here.clock)).handlers()


async def decided(desk: Desk, asked: Told, by: str = "chief", **more: object) -> Told:
    sent = {"recovery_id": asked.said["recovery_id"], **more}
    return await desk.call(api.DECIDE, sent, by=by)


async def test_one_asks_and_another_approves(desk: Desk) -> None:
    """A request shows that it waits; approved by another client it shows what went, and an
    invitation that opens once.
    """
    await desk.scene.enroll()
    asked = await desk.call(api.ASK, ADA)
    assert (asked.status, asked.said["status"]) == (202, "pending")
    told = await decided(desk, asked, note="called back")
    assert (told.status, told.said["status"], told.said["removed"]) == (200, "approved", 1)
    assert told.said["user_id"] == "shop:ada"
    desk.scene.clock.travel(seconds=30)
    visit, _ = await desk.scene.enter()
    invitation = told.said["invitation"]
    await desk.scene.flows.enrollments.begin(visit, "totp", {}, invitation=invitation)


async def test_the_client_that_asked_cannot_decide(desk: Desk) -> None:
    """The same client shows 403; another one's refusal shows denied, without an invitation; after
    that there is nothing to decide.
    """
    asked = await desk.call(api.ASK, ADA)
    assert (await decided(desk, asked, by="desk")).slug == "access-denied"
    told = await decided(desk, asked, approve=False)
    assert (told.said["status"], told.said["invitation"]) == ("denied", None)
    for by in ("chief", "desk", "third"):
        assert (await decided(desk, asked, by=by)).slug == "not-found"


async def test_somebody_unknown_is_asked_for_alike(desk: Desk) -> None:
    """A request for somebody unknown shows the same status and fields as one for somebody known."""
    await desk.scene.enroll()
    known = await desk.call(api.ASK, ADA)
    unknown = await desk.call(api.ASK, {**ADA, "user_id": "shop:nobody"})
    assert (known.status, known.said.keys()) == (unknown.status, unknown.said.keys())
    assert known.said["expires_at"] == unknown.said["expires_at"]


async def test_an_id_of_nothing(desk: Desk) -> None:
    """An id that no answer gave shows 404."""
    told = await desk.call(api.DECIDE, {"recovery_id": "qW7n0Jt6l1BDK3b6"})
    assert told.slug == "not-found"
