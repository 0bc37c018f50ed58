"""Where people are signed in, over the API."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import sessions as api
from sidecar.core.model import REMEMBERED, AuthenticatorId, Proof
from sidecar.flows.signed_in import SignOuts
from sidecar.web.management.call import Handlers
from sidecar.web.management.sessions import SessionCalls
from tests.unit.flows.scene import GRACE, Scene
from tests.unit.web.management.desk import Desk, desk_of

HERS, GRACES = {"user_id": "shop:ada"}, {"user_id": "shop:grace"}


@pytest.fixture
async def desk(here: Scene) -> AsyncIterator[Desk]:
    async with desk_of(here, api.ENDPOINTS, handlers) as opened:
        yield opened


def handlers(here: Scene) -> Handlers:
    parts, kit = (here.store, here.clock, here.flows.sessions.catch_up), here.kit
    return SessionCalls(SignOuts(*parts, idle=kit.times.idle, levels=kit.levels)).handlers()


async def test_a_session_shows_what_it_is_worth_and_where(desk: Desk, here: Scene) -> None:
    """A browser in which an app was proven shows level, factor, browser and network alone."""
    visit, _ = await here.enroll()
    (told,) = (await desk.call(api.LIST, query=HERS)).said["sessions"]
    assert told.pop("id") == visit.require_session().id
    assert told.pop("created_at") < told.pop("expires_at")
    assert told.pop("last_seen_at")
    assert told == {
        "user_id": "shop:ada",
        "level": "two_factor",
        "factors": ["totp"],
        "remembered": False,
        "user_agent": "Firefox/150",
        "network": "192.0.2.0/24",
    }


async def test_a_remembered_browser_is_no_factor(desk: Desk, here: Scene) -> None:
    """A session that rests on a remembered browser shows so, and names no factor."""
    visit, _ = await here.enter()
    proof = Proof(REMEMBERED, AuthenticatorId("b1"), (), here.clock())
    async with here.store.begin() as tx:
        await here.flows.sessions.elevate(tx, visit, proof, here.clock())
    (told,) = (await desk.call(api.LIST, query=HERS)).said["sessions"]
    assert (told["factors"], told["remembered"], told["level"]) == ([], True, "one_factor")


async def test_one_is_ended_at_once(desk: Desk, here: Scene) -> None:
    """An ended session that this process had in memory shows as over with the answer."""
    visit, token = await here.enter()
    assert await here.flows.sessions.recall(token)
    path = {"session_id": visit.require_session().id}
    told = await desk.call(api.END, path=path, query=HERS)
    assert (told.status, told.said) == (204, {})
    assert await here.flows.sessions.recall(token) is None
    assert (await desk.call(api.END, path=path, query=HERS)).slug == "not-found"


@pytest.mark.threat(35)
async def test_anothers_session_is_not_there(desk: Desk, here: Scene) -> None:
    """THREATS 35: an id of Ada's under Grace's name shows the same as none, and goes on."""
    visit, token = await here.enter()
    for which in (visit.require_session().id, "x" * 32):
        told = await desk.call(api.END, path={"session_id": which}, query=GRACES)
        assert told.slug == "not-found"
    assert await here.flows.sessions.recall(token)


async def test_a_person_is_signed_out_everywhere(desk: Desk, here: Scene) -> None:
    """All of one person's show as over, nobody else's; somebody unknown shows none."""
    (_, mine), (_, hers) = await here.enter(), await here.enter(GRACE)
    told = await desk.call(api.END_ALL, query=HERS)
    assert told.said == {"sessions": 1, "remembered": 0}
    assert await here.flows.sessions.recall(mine) is None
    assert await here.flows.sessions.recall(hers)
    told = await desk.call(api.END_ALL, query={"user_id": "shop:nobody"})
    assert told.said == {"sessions": 0, "remembered": 0}


async def test_everybody_is_signed_out_when_it_is_said(desk: Desk, here: Scene) -> None:
    """Everybody's show as over, at once."""
    (_, mine), (_, hers) = await here.enter(), await here.enter(GRACE)
    for token in (mine, hers):
        assert await here.flows.sessions.recall(token)
    told = await desk.call(api.END_ALL, query={"everybody": "true"})
    assert told.said == {"sessions": 2, "remembered": 0}
    for token in (mine, hers):
        assert await here.flows.sessions.recall(token) is None


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"everybody": "false"},
        {"everybody": "yes"},
        {"everybody": "1"},
        {"everybody": "true", **HERS},
        {"everybody": "maybe", **HERS},
        {"user_id": ""},
    ],
)
async def test_nobody_is_signed_out_by_mistake(
    desk: Desk, here: Scene, query: dict[str, str]
) -> None:
    """A person left out, or everybody not said in so many words, shows a fault and changes
    nothing.
    """
    _, token = await here.enter()
    assert (await desk.call(api.END_ALL, query=query)).slug == "input-invalid"
    assert await here.flows.sessions.recall(token)
