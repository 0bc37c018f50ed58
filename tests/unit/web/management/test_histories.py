"""What happened, over the API."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import analytics
from sidecar.api import histories as api
from sidecar.core.clients import Scope
from sidecar.core.model import Event
from sidecar.flows.histories import Histories
from sidecar.web.management.call import Handlers
from sidecar.web.management.cursors import pack
from sidecar.web.management.histories import HistoryCalls
from tests.unit.flows.scene import GRACE, Scene
from tests.unit.web.management.desk import Desk, desk_of

HERS, GRACES = {"user_id": "shop:ada"}, {"user_id": "shop:grace"}


@pytest.fixture
async def desk(here: Scene) -> AsyncIterator[Desk]:
    endpoints = (*api.ENDPOINTS, *analytics.ENDPOINTS)
    async with desk_of(here, endpoints, handlers) as opened:
        yield opened


def handlers(here: Scene) -> Handlers:
    return HistoryCalls(Histories(here.store, here.clock)).handlers()


async def test_tries_are_read_to_the_end(desk: Desk, here: Scene) -> None:
    """Five tries in pages of two show each once, newest first, and how each went."""
    visit, phone = await here.enroll()
    await here.prove(visit, phone)
    await here.fail_often(4)
    seen, query = [], {**HERS, "limit": "2"}
    while True:
        told = (await desk.call(api.ATTEMPTS, query=query)).said
        seen += told["attempts"]
        if told["next"] is None:
            break
        query["cursor"] = told["next"]
    assert [one["verified"] for one in seen] == [False] * 4 + [True]
    assert {(one["user_id"], one["factor"], one["settled"], one["known"]) for one in seen} == {
        ("shop:ada", "totp", True, False)
    }
    assert [one["id"] for one in seen] == sorted((one["id"] for one in seen), reverse=True)


async def test_tries_are_found_by_time_and_factor(desk: Desk, here: Scene) -> None:
    """Tries between two moments, whatever their offset, and of one factor show alone."""
    await here.fail_often(2)
    (last, first) = (await desk.call(api.ATTEMPTS)).said["attempts"]
    for query, expected in (
        ({"since": last["at"]}, [last]),
        ({"until": last["at"]}, [first]),
        ({"since": last["at"].replace("Z", "+00:00")}, [last]),
        ({"factor": "totp"}, [last, first]),
        ({"factor": "sms"}, []),
        (GRACES, []),
    ):
        assert (await desk.call(api.ATTEMPTS, query=query)).said["attempts"] == expected


async def events(desk: Desk, **query: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await desk.call(api.EVENTS, query=query)).said["events"]
    return found


async def test_acts_show_who_did_what_from_where(desk: Desk, here: Scene) -> None:
    """An act of a person and one of an operator show with their details, by name and person; what
    is about nobody shows no person.
    """
    visit, _ = await here.enroll()
    await here.flows.sessions.end_all(visit)
    await here.people.invite(GRACE, "operator:joe")
    async with here.store.begin() as tx:
        await tx.trail.append(Event(here.clock(), "token.created", None, "operator:joe"))
    (left,) = await events(desk, name="session.ended_everywhere")
    assert (left["user_id"], left["actor"], left["request_id"]) == ("shop:ada", "self", "req-1")
    assert left["details"] == {"network": "192.0.2.0/24", "user_agent": "Firefox/150"}
    (invited,) = await events(desk, **GRACES)
    assert (invited["name"], invited["actor"]) == ("person.invited", "operator:joe")
    (token,) = await events(desk, name="token.created")
    assert token["user_id"] is None


async def test_acts_come_page_by_page(desk: Desk, here: Scene) -> None:
    """The page after the first shows the rest, and then no more."""
    for _ in range(3):
        await here.people.invite(GRACE, "operator:joe")
    first = (await desk.call(api.EVENTS, query={"limit": "1"})).said
    rest = (await desk.call(api.EVENTS, query={"limit": "2", "cursor": first["next"]})).said
    ids = [one["id"] for one in (*first["events"], *rest["events"])]
    assert ids == sorted(set(ids), reverse=True)
    assert (len(ids), rest["next"]) == (3, None)


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": pack("x")},
        {"cursor": pack(2**63)},
        {"cursor": "null"},
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00:00+23:59"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": " 5"},
        {"limit": "5.0"},
        {"user_id": "a\x00b"},
        {"when": "now"},
    ],
)
async def test_what_cannot_be_asked_is_refused(desk: Desk, query: dict[str, str]) -> None:
    """A cursor that no page gave, no moment, no number and an unknown parameter show which."""
    for endpoint in api.ENDPOINTS:
        told = await desk.call(endpoint, query=query)
        assert told.slug == "input-invalid"
        assert told.said["errors"][0]["parameter"] == next(iter(query))


async def test_figures_are_counted(desk: Desk, here: Scene) -> None:
    """One person with an app and codes, one invited, a right try and three wrong ones show as
    counts and shares.
    """
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    await here.prove(visit, phone)
    await here.fail_often(3)
    await here.people.invite(GRACE, "desk")
    told = (await desk.call(analytics.READ)).said
    assert (told["people"], told["enrolled"], told["disabled"]) == (2, 1, 0)
    assert (told["adoption"], told["recoveries"]) == (0.5, 0)
    assert told["factors"] == {
        "backup_codes": {"active": 1, "verified": 0, "rejected": 0, "success": None},
        "totp": {"active": 1, "verified": 1, "rejected": 3, "success": 0.25},
    }
    here.clock.travel(seconds=1)
    later = (await desk.call(analytics.READ, query={"since": told["until"]})).said
    assert later["since"] == told["until"]


async def test_nobody_gives_no_share(desk: Desk) -> None:
    """A store without people shows null where a share would be of nothing."""
    told = (await desk.call(analytics.READ)).said
    assert (told["people"], told["adoption"], told["factors"]) == (0, None, {})


def test_trails_have_a_scope_of_their_own() -> None:
    """Tries and acts show to need one scope, figures another."""
    assert {endpoint.scope for endpoint in api.ENDPOINTS} == {Scope.ATTEMPTS_READ}
    assert analytics.READ.scope is Scope.ANALYTICS_READ
