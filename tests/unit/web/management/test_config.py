"""Configuring people over the API."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import config as api
from sidecar.core.model import Person
from sidecar.flows.switching import Switching
from sidecar.web.management.call import Handlers
from sidecar.web.management.config import ConfigCalls
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.web.management.desk import Desk, desk_of

ADA = "shop:ada"
MAIL = {"channel": "email", "address": "ada@x.test"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with quick_folder() as folder:
        async with scene(folder) as here, desk_of(here, api.ENDPOINTS, handlers) as opened:
            yield opened


def handlers(here: Scene) -> Handlers:
    return ConfigCalls(Switching(here.store, here.clock)).handlers()


async def test_a_person_is_configured_read_and_changed(desk: Desk) -> None:
    """What was sent shows in every answer, with a version that the ETag repeats, and addresses
    only as far as they may be shown.
    """
    made = await desk.call(api.CREATE, {"user_id": ADA, "required": True, "contacts": [MAIL]})
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    assert made.said == {
        "user_id": ADA,
        "enabled": True,
        "required": True,
        "enrolled_at": None,
        "notified": [{"channel": "email", "masked": "a•••@x.test", "verified": False}],
        "version": 1,
    }
    read = await desk.call(api.READ, path={"user_id": ADA})
    assert (read.said, read.headers["ETag"]) == (made.said, '"1"')
    done = await desk.call(api.CHANGE, {}, path={"user_id": ADA}, headers={"If-Match": '"1"'})
    assert (done.status, done.said["required"], done.headers["ETag"]) == (200, False, '"2"')
    assert done.said["notified"] == made.said["notified"]
    assert (await desk.call(api.CREATE, {"user_id": ADA})).slug == "conflict"
    assert (await desk.call(api.CHANGE, {}, path={"user_id": "shop:grace"})).status == 201


@pytest.mark.parametrize("said", ['"1"', 'W/"1"'])
async def test_what_was_changed_meanwhile_is_not_overwritten(desk: Desk, said: str) -> None:
    """A change of what was read before another's change shows 412, and the other's change."""
    await desk.call(api.CREATE, {"user_id": ADA})
    await desk.call(api.CHANGE, {"required": True}, path={"user_id": ADA})
    told = await desk.call(api.CHANGE, {}, path={"user_id": ADA}, headers={"If-Match": said})
    assert told.slug == "precondition-failed"
    for anything in ("", "*"):
        headers = {"If-Match": anything} if anything else {}
        done = await desk.call(api.CHANGE, {}, path={"user_id": ADA}, headers=headers)
        assert done.status == 200
    for odd in ('"x"', "1", '"1", "2"'):
        told = await desk.call(api.CHANGE, {}, path={"user_id": ADA}, headers={"If-Match": odd})
        assert (told.status, told.said["errors"][0]["parameter"]) == (422, "If-Match")


@pytest.mark.parametrize(
    "contact",
    [
        {"channel": "email", "address": "+491511234567"},
        {"channel": "email", "address": "ada@localhost"},
        {"channel": "sms", "address": "ada@x.test"},
        {"channel": "sms", "address": "0151 1234567"},
    ],
)
async def test_where_nobody_can_be_written_to(desk: Desk, contact: dict[str, str]) -> None:
    """An address of the other channel, or of no place, shows where it stands, and nothing made."""
    told = await desk.call(api.CREATE, {"user_id": ADA, "contacts": [MAIL, contact]})
    assert (told.slug, told.said["errors"][0]["pointer"]) == (
        "input-invalid",
        "/contacts/1/address",
    )
    assert (await desk.call(api.READ, path={"user_id": ADA})).slug == "not-found"


async def test_switching_says_what_holds(desk: Desk) -> None:
    """Disabling and enabling show what holds afterwards; somebody unknown shows that there is
    nothing to switch, and is not made by it.
    """
    for endpoint in (api.DISABLE, api.ENABLE):
        assert (await desk.call(endpoint, {"user_id": ADA})).slug == "not-found"
    assert (await desk.call(api.READ, path={"user_id": ADA})).slug == "not-found"
    await desk.call(api.CREATE, {"user_id": ADA})
    off = await desk.call(api.DISABLE, {"user_id": ADA, "reason": "stolen"}, by="shop")
    assert off.said == {"user_id": ADA, "enabled": False}
    on = await desk.call(api.ENABLE, {"user_id": ADA})
    assert on.said == {"user_id": ADA, "enabled": True}
    events = (await desk.scene.people.show(Person("shop", "ada"))).events
    assert ("person.disabled", "api:shop") in [(one.name, one.actor) for one in events]


async def test_a_user_id_names_one_person(desk: Desk) -> None:
    """Where there are several realms, a subject alone shows what is missing, by its place."""
    told = await desk.call(api.CREATE, {"user_id": "ada"})
    assert (told.slug, told.said["errors"][0]["pointer"]) == ("input-invalid", "/user_id")
