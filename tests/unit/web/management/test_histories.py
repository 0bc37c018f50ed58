"""What happened, over the API."""

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.api import analytics, histories
from sidecar.flows.histories import Histories
from sidecar.web.management.cursors import pack
from sidecar.web.management.histories import HistoryCalls
from tests.unit.flows.scene import GRACE, Scene
from tests.unit.web.management.program import Program, program


@pytest.fixture
async def desk(aiohttp_client: AiohttpClient, here: Scene) -> Program:
    handlers = HistoryCalls(Histories(here.store, here.clock)).handlers()
    endpoints = (*histories.ENDPOINTS, *analytics.ENDPOINTS)
    return await program(aiohttp_client, here, endpoints, handlers)


async def test_tries_are_read_to_the_end(desk: Program, here: Scene) -> None:
    """Five tries in pages of two show each once, newest first, and how each went."""
    visit, phone = await here.enroll()
    await here.prove(visit, phone)
    await here.fail_often(4)
    seen, query = [], {"user_id": "ada", "limit": "2"}
    while True:
        told = await desk.call("GET", "/attempts", **query)
        seen += told["attempts"]
        if told["next"] is None:
            break
        query["cursor"] = told["next"]
    assert [one["verified"] for one in seen] == [False] * 4 + [True]
    assert {(one["user_id"], one["factor"], one["settled"], one["known"]) for one in seen} == {
        ("shop:ada", "totp", True, False)
    }
    assert [one["id"] for one in seen] == sorted((one["id"] for one in seen), reverse=True)


async def test_tries_are_found_by_time_and_factor(desk: Program, here: Scene) -> None:
    """Tries between two moments, whatever their offset, and of one factor show alone."""
    await here.fail_often(2)
    (last, first) = (await desk.call("GET", "/attempts"))["attempts"]
    for query, expected in (
        ({"since": last["at"]}, [last]),
        ({"until": last["at"]}, [first]),
        ({"since": last["at"].replace("Z", "+00:00")}, [last]),
        ({"factor": "totp"}, [last, first]),
        ({"factor": "sms"}, []),
        ({"user_id": "grace"}, []),
    ):
        assert (await desk.call("GET", "/attempts", **query))["attempts"] == expected


async def test_acts_show_who_did_what_from_where(desk: Program, here: Scene) -> None:
    """An act of a person and one of an operator show with their details, by name and person; what
    is about nobody shows no person.
    """
    visit, _ = await here.enroll()
    await here.flows.sessions.end_all(visit)
    await here.people.invite(GRACE, "operator:joe")
    (left,) = (await desk.call("GET", "/events", name="session.ended_everywhere"))["events"]
    assert (left["user_id"], left["actor"], left["request_id"]) == ("shop:ada", "self", "req-1")
    assert left["details"] == {"network": "192.0.2.0/24", "user_agent": "Firefox/150"}
    (invited,) = (await desk.call("GET", "/events", user_id="grace"))["events"]
    assert (invited["name"], invited["actor"]) == ("person.invited", "operator:joe")
    (token,) = (await desk.call("GET", "/events", name="token.created"))["events"]
    assert token["user_id"] is None
    page = await desk.call("GET", "/events", limit="1")
    after = await desk.call("GET", "/events", limit="200", cursor=page["next"])
    ids = [one["id"] for one in (*page["events"], *after["events"])]
    assert ids == sorted(ids, reverse=True)
    assert after["next"] is None


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
async def test_what_cannot_be_asked_is_refused(desk: Program, query: dict[str, str]) -> None:
    """A cursor that no page gave, no moment, no number and an unknown parameter show which."""
    for path in ("/attempts", "/events"):
        status, told = await desk.ask("GET", path, **query)
        assert (status, told["errors"][0]["parameter"]) == (422, next(iter(query)))


async def test_figures_are_counted(desk: Program, here: Scene) -> None:
    """One person with an app and codes, one invited, a right try and three wrong ones show as
    counts and shares.
    """
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    await here.prove(visit, phone)
    await here.fail_often(3)
    await here.people.invite(GRACE, "desk")
    told = await desk.call("GET", "/analytics/stats")
    assert (told["people"], told["enrolled"], told["disabled"]) == (2, 1, 0)
    assert (told["adoption"], told["recoveries"]) == (0.5, 0)
    assert told["factors"] == {
        "backup_codes": {"active": 1, "verified": 0, "rejected": 0, "success": None},
        "totp": {"active": 1, "verified": 1, "rejected": 3, "success": 0.25},
    }
    later = await desk.call("GET", "/analytics/stats", since=told["until"])
    assert later["since"] == told["until"]
    assert later["factors"]["totp"]["verified"] == 0


async def test_nobody_gives_no_share(desk: Program) -> None:
    """A store without people shows null where a share would be of nothing."""
    told = await desk.call("GET", "/analytics/stats")
    assert (told["people"], told["adoption"], told["factors"]) == (0, None, {})
