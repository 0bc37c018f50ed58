"""What an operator does to people, over the API."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import users as api
from sidecar.core.errors import ResponseRejected
from sidecar.core.model import Person
from sidecar.flows.everybody import Everybody
from sidecar.flows.histories import Histories
from sidecar.flows.kit import Remembering
from sidecar.flows.people import People
from sidecar.flows.signed_in import SignOuts
from sidecar.flows.switching import Switching, Wanted
from sidecar.web.management.call import Handlers
from sidecar.web.management.cursors import pack
from sidecar.web.management.users import Desk as Operator
from sidecar.web.management.users import UserCalls
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.flows.trusting import MONTH
from tests.unit.web.management.desk import Desk, desk_of

ADA = {"user_id": "shop:ada"}
WHY = {"reason": "lost phone"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with quick_folder() as folder:
        remembering = Remembering(MONTH)
        async with (
            scene(folder, remembering=remembering) as here,
            desk_of(here, api.ENDPOINTS, handlers) as opened,
        ):
            yield opened


def handlers(here: Scene) -> Handlers:
    parts = (here.store, here.clock, here.flows.sessions.catch_up)
    sign_outs = SignOuts(*parts, idle=here.kit.times.idle, levels=here.kit.levels)
    histories = Histories(here.store, here.clock)
    flows = Operator(Everybody(*parts), People(*parts), sign_outs, histories)
    return UserCalls(flows).handlers()


async def listed(desk: Desk, **query: str) -> tuple[list[str], str | None]:
    told = await desk.call(api.LIST, query=query)
    return [one["user_id"] for one in told.said["users"]], told.said["next"]


async def test_people_are_listed_page_by_page(desk: Desk) -> None:
    """Five people by two show three pages in order, the last without a next one; nobody shows an
    empty page.
    """
    assert await listed(desk) == ([], None)
    everybody = [f"shop:{name}" for name in "abcde"]
    for name in "dbeca":
        await desk.scene.people.invite(Person("shop", name), "desk")
    assert await listed(desk, limit="5") == (everybody, None)
    found, cursor = await listed(desk, limit="2")
    while cursor is not None:
        page, cursor = await listed(desk, limit="2", cursor=cursor)
        assert 1 <= len(page) <= 2
        found += page
    assert found == everybody


async def test_people_are_listed_by_what_they_are(desk: Desk) -> None:
    """Enrolled, disabled and other realms' people show where they are asked for, and no others."""
    await desk.scene.enroll()
    grace = Person("shop", "grace")
    await Switching(desk.scene.store, desk.scene.clock).create(grace, Wanted(enabled=False), "desk")
    await desk.scene.people.invite(Person("club", "eve"), "desk")
    for query, expected in (
        ({"enrolled": "true"}, ["shop:ada"]),
        ({"enrolled": "false"}, ["club:eve", "shop:grace"]),
        ({"enabled": "false"}, ["shop:grace"]),
        ({"enabled": "true", "realm": "shop"}, ["shop:ada"]),
        ({"realm": "club"}, ["club:eve"]),
        ({"realm": "nowhere"}, []),
    ):
        assert (await listed(desk, **query))[0] == expected


async def test_a_cursor_of_another_list_is_refused(desk: Desk) -> None:
    """A cursor that this list did not give shows a fault of the parameter."""
    for cursor in (pack(4711), pack("shop"), "abc"):
        told = await desk.call(api.LIST, query={"cursor": cursor})
        assert (told.slug, told.said["errors"][0]["parameter"]) == ("input-invalid", "cursor")


async def test_everything_of_a_person_is_shown_but_secrets(desk: Desk) -> None:
    """Somebody with an app, codes, a browser that is remembered, shows them all, what
    happened to them and nothing that they prove with; somebody unknown shows 404.
    """
    assert (await desk.call(api.READ, path=ADA)).slug == "not-found"
    visit, phone = await desk.scene.enroll()
    await desk.scene.spare(visit, phone)
    await desk.scene.flows.browsers.remember(visit)
    told = (await desk.call(api.READ, path=ADA)).said
    assert told["user_id"] == "shop:ada"
    left = {one["factor"]: one["left"] for one in told["authenticators"]}
    assert left == {"totp": None, "backup_codes": 8}
    assert [one["level"] for one in told["sessions"]] == ["two_factor"]
    assert [one["factor"] for one in told["browsers"]] == ["totp"]
    names = [one["name"] for one in told["events"]]
    assert {"person.invited", "authenticator.added"} <= set(names)
    for secret in (phone.secret, *phone.codes):
        assert secret not in repr(told)


async def test_a_name_from_before_shows_what_was_done_under_it(desk: Desk) -> None:
    """Somebody who is called otherwise now shows, under the old name, the acts alone."""
    await desk.scene.enroll()
    await desk.call(api.RENAME, {"user_id": "shop:eve"}, path=ADA)
    told = (await desk.call(api.READ, path=ADA)).said
    assert (told["created_at"], told["authenticators"]) == (None, [])
    assert "authenticator.added" in [one["name"] for one in told["events"]]


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
