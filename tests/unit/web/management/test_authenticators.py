"""What people have set up, over the API."""

import json
from collections.abc import AsyncIterator

import pytest

from sidecar.api import authenticators as api
from sidecar.core.model import Level
from sidecar.flows.holdings import Holdings
from sidecar.web.management.authenticators import AuthenticatorCalls
from sidecar.web.management.call import Handlers
from tests.conformance.stores import authenticator
from tests.unit.flows.scene import ADA, Scene
from tests.unit.web.management.desk import Desk, desk_of

HERS, GRACES = {"user_id": "shop:ada"}, {"user_id": "shop:grace"}


@pytest.fixture
async def desk(here: Scene) -> AsyncIterator[Desk]:
    async with desk_of(here, api.ENDPOINTS, handlers) as opened:
        yield opened


def handlers(here: Scene) -> Handlers:
    holdings = Holdings(here.store, here.clock, here.flows.sessions.catch_up)
    return AuthenticatorCalls(holdings).handlers()


async def app_of(here: Scene) -> dict[str, str]:
    """Return where the app of somebody new is found."""
    await here.enroll()
    return {"authenticator_id": await here.first_of()}


async def test_a_list_holds_all_but_secrets(desk: Desk, here: Scene) -> None:
    """An app and spare codes show by what tells them apart, and by how many codes are left; no
    secret shows in any form.
    """
    visit, phone = await here.enroll()
    at = here.clock()
    here.clock.travel(seconds=1)
    await here.spare(visit, phone)
    told = await desk.call(api.LIST, query=HERS)
    assert told.said["user_id"] == "shop:ada"
    app, codes = told.said["authenticators"]
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
    one = await desk.call(api.READ, path={"authenticator_id": app["id"]}, query=HERS)
    assert one.said == app
    for secret in (phone.secret, *phone.codes):
        assert secret not in json.dumps(told.said)


async def test_nobody_has_an_empty_list(desk: Desk) -> None:
    """Somebody unknown shows a list without anything in it."""
    told = await desk.call(api.LIST, query=HERS)
    assert told.said == {**HERS, "authenticators": []}


@pytest.mark.threat(35)
async def test_anothers_id_is_not_there(desk: Desk, here: Scene) -> None:
    """THREATS 35: an id of Ada's under Grace's name, and one that never was, show the same to each
    call, and leave it as it is.
    """
    mine = await app_of(here)
    for path in (mine, {"authenticator_id": "x" * 32}, {"authenticator_id": "no-such"}):
        change = {**GRACES, "name": "Mine", "status": "suspended"}
        told = [
            await desk.call(api.READ, path=path, query=GRACES),
            await desk.call(api.CHANGE, change, path=path),
            await desk.call(api.APPROVE, GRACES, path=path),
            await desk.call(api.REMOVE, path=path, query=GRACES),
        ]
        assert [one.slug for one in told] == ["not-found"] * 4
        assert len({one.said["detail"] for one in told}) == 1
    (held,) = await here.held()
    assert (held.id, held.name, held.usable) == (mine["authenticator_id"], "totp", True)


async def test_it_is_renamed_stopped_and_let_work(desk: Desk, here: Scene) -> None:
    """One call shows a new name and a stop; the next lets it work; the trail shows the client."""
    path = await app_of(here)
    change = {**HERS, "name": " Old  phone", "status": "suspended"}
    said = (await desk.call(api.CHANGE, change, path=path)).said
    assert (said["name"], said["status"], said["usable"]) == ("Old phone", "suspended", False)
    said = (await desk.call(api.CHANGE, {**HERS, "status": "active"}, path=path)).said
    assert (said["name"], said["usable"]) == ("Old phone", True)
    assert (await here.people.show(ADA)).events[0].actor == "api:desk"


async def test_what_is_over_stays_so(desk: Desk, here: Scene) -> None:
    """A disabled one shows a conflict that says what to do instead."""
    path = await app_of(here)
    await here.move("disable")
    told = await desk.call(api.CHANGE, {**HERS, "status": "active"}, path=path)
    assert told.slug == "conflict"
    assert "set up another" in told.said["detail"]


async def test_one_that_is_held_is_approved_once(desk: Desk, here: Scene) -> None:
    """A key that is held shows until when, then in full, and then that nothing holds it."""
    until = here.clock().replace(microsecond=0, year=here.clock().year + 1)
    key = authenticator(person=ADA, level=Level.PHISHING_RESISTANT, held_until=until)
    async with here.store.begin(ADA) as tx:
        await tx.authenticators.add(key)
    path = {"authenticator_id": key.id}
    held = (await desk.call(api.READ, path=path, query=HERS)).said
    assert (held["level"], held["held_until"][:4]) == ("phishing_resistant", str(until.year))
    assert (await desk.call(api.APPROVE, HERS, path=path)).said["held_until"] is None
    assert (await desk.call(api.APPROVE, HERS, path=path)).slug == "conflict"


async def test_a_removed_one_is_gone(desk: Desk, here: Scene) -> None:
    """The last one shows to be gone, without a body; a second call finds nothing."""
    path = await app_of(here)
    told = await desk.call(api.REMOVE, path=path, query=HERS)
    assert (told.status, told.said) == (204, {})
    assert (await desk.call(api.REMOVE, path=path, query=HERS)).slug == "not-found"
    assert await here.held() == ()


@pytest.mark.parametrize("query", [{}, {"user_id": "a" * 300}, {"user_id": "ada"}])
async def test_whose_has_to_be_said(desk: Desk, query: dict[str, str]) -> None:
    """A call that leaves the person out, or names nobody's name, shows which parameter."""
    told = await desk.call(api.LIST, query=query)
    assert told.slug == "input-invalid"
    assert told.said["errors"][0]["parameter"] == "user_id"
