"""What an operator does to people, over the API."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import users as api
from sidecar.core.errors import ResponseRejected
from sidecar.core.model import Person
from sidecar.flows.everybody import Everybody
from sidecar.flows.people import People
from sidecar.web.management.call import Handlers
from sidecar.web.management.users import UserCalls
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.web.management.desk import Desk, desk_of

ADA = {"user_id": "shop:ada"}
WHY = {"reason": "lost phone"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with quick_folder() as folder:
        async with scene(folder) as here, desk_of(here, api.ENDPOINTS, handlers) as opened:
            yield opened


def handlers(here: Scene) -> Handlers:
    parts = (here.store, here.clock, here.flows.sessions.catch_up)
    return UserCalls(Everybody(*parts), People(*parts)).handlers()


async def test_somebody_is_called_otherwise(desk: Desk) -> None:
    """A new name shows in the answer, with everything else as it was; the old one is nobody's."""
    await desk.scene.enroll()
    told = await desk.call(api.RENAME, {"user_id": "shop:ada.smith"}, path=ADA)
    assert (told.status, told.said["user_id"]) == (200, "shop:ada.smith")
    assert told.said["enrolled_at"] is not None
    assert (await desk.call(api.RENAME, {"user_id": "shop:eve"}, path=ADA)).slug == "not-found"
    assert len(await desk.scene.held(Person("shop", "ada.smith"))) == 1


async def test_names_that_cannot_be_had(desk: Desk) -> None:
    """A name that is taken shows 409; one of another realm, or of no realm, 422 at its place."""
    for name in ("ada", "grace"):
        await desk.scene.people.invite(Person("shop", name), "desk")
    told = await desk.call(api.RENAME, {"user_id": "shop:grace"}, path=ADA)
    assert told.slug == "conflict"
    for other in ("club:ada", "ada"):
        told = await desk.call(api.RENAME, {"user_id": other}, path=ADA)
        assert (told.slug, told.said["errors"][0]["pointer"]) == ("input-invalid", "/user_id")


async def test_somebody_is_erased(desk: Desk) -> None:
    """An erased person shows a pseudonym, and the second time nothing to erase."""
    await desk.scene.enroll()
    told = await desk.call(api.ERASE, path=ADA)
    assert told.status == 200
    assert len(told.said["pseudonym"]) == 32
    assert (await desk.call(api.ERASE, path=ADA)).slug == "not-found"
    assert await desk.scene.held() == ()


async def test_somebody_is_reset(desk: Desk) -> None:
    """A reset shows how much went, and whether anything can be set up; somebody unknown shows 404
    and is not made by it.
    """
    assert (await desk.call(api.RESET, WHY, path=ADA)).slug == "not-found"
    visit, phone = await desk.scene.enroll()
    await desk.scene.spare(visit, phone)
    told = await desk.call(api.RESET, WHY, path=ADA, by="shop")
    assert told.said == {"user_id": "shop:ada", "removed": 2, "enabled": True}
    event = (await desk.scene.people.show(Person("shop", "ada"))).events[0]
    assert (event.name, event.actor, event.details) == ("person.reset", "api:shop", WHY)


async def test_somebody_is_unlocked(desk: Desk) -> None:
    """Somebody whose tries are used up may try again; somebody unknown shows 404."""
    assert (await desk.call(api.UNLOCK, {}, path=ADA)).slug == "not-found"
    _, phone = await desk.scene.enroll()
    visit, _ = await desk.scene.enter()
    for _ in range(5):
        with pytest.raises(ResponseRejected):
            await desk.scene.fail(visit, phone)
    desk.scene.clock.travel(seconds=1)
    assert (await desk.call(api.UNLOCK, {}, path=ADA)).said == ADA
    assert (await desk.scene.prove(visit, phone)).require_session().proven
