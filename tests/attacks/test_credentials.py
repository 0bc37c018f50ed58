"""One request, several credentials: the one we ask about is the one the application honours."""

import base64
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.application import Application, Seen
from tests.visitor import Visitor
from tests.wire import tell, wired
from tests.world import ASKING, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASIC = base64.b64encode(b"grace:hopper").decode()
CARRIERS = [
    f"Authorization: Basic {BASIC}",
    "Authorization: Bearer grace",
    "authorization: bearer grace",
    "AUTHORIZATION: Digest username=grace",
    "Authorization:",
    f"Proxy-Authorization: Basic {BASIC}",
    "X-API-Key: grace",
    "x-api-key: grace",
    "Api-Key: grace",
    "X-Auth-Token: grace",
    "X-Access-Token: grace",
]
QUERIES = [
    "api_key=grace",
    "API_KEY=grace",
    "a=1&api_key=grace",
    "a=1;api_key=grace",
    "api%5fkey=grace",
    "%61pi_key=grace",
    "api.key=grace",
    "api+key=grace",
    "+api_key=grace",
    "%20api_key=grace",
    "api_key[]=grace",
    "api_key%5B0%5D=grace",
    "access_token=grace",
    "Access_Token=grace",
    "api_key",
]


def cookie(browser: Visitor) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def reached(place: World, mark: str) -> list[Seen]:
    return [one for one in place.application.seen if mark in one.target]


@pytest.mark.threat(33)
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("with_cookie", [True, False])
async def test_undeclared_header(
    place: World, ada: Visitor, carrier: str, with_cookie: bool
) -> None:
    """Own cookie plus the victim's credential (THREATS 33) shows that nothing goes on."""
    fields = (carrier, cookie(ada)) if with_cookie else (carrier,)
    answer = await tell(place, *fields, target="/undeclared")
    assert answer.status == 401
    assert b"credential-undeclared" in answer.body
    assert answer.all("WWW-Authenticate")
    assert not reached(place, "undeclared")


@pytest.mark.threat(19)
@pytest.mark.parametrize("carrier", CARRIERS)
async def test_undeclared_header_nominated_away(place: World, ada: Visitor, carrier: str) -> None:
    """A credential named in `Connection` (THREATS 19) shows that it is refused all the same."""
    name = carrier.partition(":")[0]
    answer = await tell(
        place, carrier, cookie(ada), f"Connection: {name}", target="/undeclared-nominated"
    )
    assert answer.status == 401
    assert not reached(place, "undeclared-nominated")


@pytest.mark.threat(33)
@pytest.mark.parametrize("query", QUERIES)
async def test_undeclared_query(place: World, ada: Visitor, query: str) -> None:
    """A credential in the query (THREATS 33), however it is spelled, shows that it is refused."""
    answer = await tell(place, cookie(ada), target=f"/undeclared-query?{query}")
    assert (answer.status, b"credential-undeclared" in answer.body) == (401, True)
    assert not reached(place, "undeclared-query")


@pytest.mark.threat(17)
@pytest.mark.parametrize("name", ["X_API_Key", "X.API.Key", "x_api-key", "Authorization_", "X_y"])
async def test_spelled_for_wsgi(place: World, ada: Visitor, name: str) -> None:
    """Names that WSGI reads as others (THREATS 17) show that they never reach the application."""
    answer = await tell(place, f"{name}: grace", cookie(ada), target="/spelled")
    assert answer.status == 200
    assert b"for ada" in answer.body
    assert not [key for one in reached(place, "spelled") for key, _ in one.headers if "_" in key]


async def test_second_cookie(place: World, ada: Visitor, grace: Visitor) -> None:
    """Two application cookies show that the judged person is the one the application serves."""
    for first, second in ((ada, grace), (grace, ada)):
        sent = f"app={first.cookies['app']}; app={second.cookies['app']}; " + "; ".join(
            f"{name}={value}" for name, value in ada.cookies.items() if name != "app"
        )
        fields = (f"Cookie: {sent}", "Sec-Fetch-Site: cross-site")  # or the proofs would end
        answer = await tell(place, *fields, target="/two-cookies")
        if answer.status == 200:
            assert b"for ada" in answer.body
        else:
            assert answer.status in {401, 403}
    assert all(
        place.application.people.get(one.all("Cookie")[0].rpartition("app=")[2]) == "ada"
        for one in reached(place, "two-cookies")
    )


async def test_credentials_stay_at_the_login(place: World) -> None:
    """A login path shows that credentials of any kind go to the application untouched."""
    answer = await tell(place, f"Authorization: Basic {BASIC}", "Cookie: a=1", target="/assets/x")
    assert answer.status == 200
    assert reached(place, "/assets/x")[-1].all("Authorization") == [f"Basic {BASIC}"]
    assert reached(place, "/assets/x")[-1].all("Cookie") == ["a=1"]


# --- declared ------------------------------------------------------------------------------------


def declaring() -> dict[str, Any]:
    """Return settings under which the application is asked with every kind of credential."""
    credentials = {
        "headers": ["Authorization", "X-API-Key"],
        "query": ["api_key"],
        "cookies": ["app"],
    }
    return {"identity": {"app_login": {**ASKING, "credentials": credentials}}}


class Querying(Application):
    """An application that honours a key in the query too."""

    def _who(self, request: web.BaseRequest, cookie: str) -> str:
        return request.query.get("api_key") or super()._who(request, cookie)


async def test_declared_credentials_decide_who_it_is(tmp_path: Path) -> None:
    """The victim's declared credential beside one's own cookie shows who is judged: the victim."""
    async with world(tmp_path, application=Querying(), changes=declaring()) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        for fields, query in (
            (["Authorization: Bearer grace"], ""),
            (["X-API-Key: grace"], ""),
            ([], "?api_key=grace"),
        ):
            answer = await tell(place, cookie(ada), *fields, target=f"/declared{query}")
            assert (answer.status, b"enrollment-required" in answer.body) == (403, True)
        assert not reached(place, "declared")
        # The proofs of the session went with the second person: they belonged to one login.
        assert (await tell(place, cookie(ada), target="/mine")).status == 401


@pytest.mark.threat(17)
async def test_declared_with_underscores(tmp_path: Path) -> None:
    """A header that is declared as some applications spell it shows that it is asked about anew
    for each value, on one connection too, and that one which nobody declares is refused.
    """
    changes = {
        "identity": {"app_login": {**ASKING, "credentials": {"headers": ["X_API_Key"]}}},
        "credential_carriers": {"headers": ["My_Key"]},
    }
    async with world(tmp_path, changes=changes) as place, wired(place) as client:
        ada = place.visitor()
        await ada.enroll("ada")
        for name, status in (("ada", 200), ("ada", 200), ("grace", 403)):
            answer = await client.get("/underscored", cookie(ada), f"X-API-Key: {name}")
            assert (name, answer.status) == (name, status)
        assert len(reached(place, "underscored")) == 2
        assert (await client.get("/undeclared", cookie(ada), "My-Key: 1")).status == 401


async def test_doubled_credentials(tmp_path: Path) -> None:
    """A declared credential that occurs twice shows that it is refused, in every carrier."""
    async with world(tmp_path, changes=declaring()) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        doubled = [
            (["Authorization: Bearer ada", "authorization: Bearer grace"], ""),
            (["X-API-Key: ada", "X-API-KEY: ada"], ""),
            (["Cookie: app=victim"], ""),
            (["Cookie: APP=victim"], ""),
            ([], "?api_key=ada&api_key=grace"),
            ([], "?api_key=ada&API%5FKEY=grace"),
            ([], "?api_key=ada;api_key=grace"),
        ]
        for fields, query in doubled:
            answer = await tell(place, cookie(ada), *fields, target=f"/doubled{query}")
            assert (answer.status, fields, query) == (400, fields, query)
        assert not reached(place, "doubled")


async def test_two_sources_two_people(tmp_path: Path) -> None:
    """Two sources that name different people show that neither is believed."""
    sso = {"plugin": "forwarded_header", "from": ["127.0.0.1/32"], "header": "X-SSO-User"}
    sources = {"app_login": {**ASKING, "realm": "shop"}, "sso": {**sso, "realm": "shop"}}
    changes = {"identity": sources}
    async with world(tmp_path, changes=changes) as place:
        ada = place.visitor()
        await ada.sign_in("ada")
        for name, status in (("ada", 403), ("grace", 403)):
            answer = await tell(place, cookie(ada), f"X-SSO-User: {name}", target="/two")
            wanted = b"enrollment-required" if name == "ada" else b"access-denied"
            assert (answer.status, wanted in answer.body) == (status, True)
        answer = await tell(place, cookie(ada), "X-SSO-User: grace", target="/easy/two")
        assert answer.status == 403
        assert not reached(place, "two")
