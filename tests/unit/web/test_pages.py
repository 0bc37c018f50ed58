"""What holds around every page: errors told in the right words, headers, cookies."""

import json
from unittest.mock import patch

import pytest

from sidecar.flows.manage import Management
from tests.somebody import somebody
from tests.visitor import FETCH, NAVIGATION
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_error_page_knows_the_person(here: World) -> None:
    """A missing page shows whose account it is, the request's number, the way out and the picker
    of languages.
    """
    who = await somebody(here, "proven")
    page = await who.get("nothing-here")
    assert page.status == 404
    assert f"{who.name}@example.com" in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert page.form("logout").fields["csrf"]
    assert "/_sidecar/nothing-here?lang=de" in page.links


async def test_a_program_gets_a_problem(here: World) -> None:
    """A script of the application shows that it gets a problem document and no page."""
    who = await somebody(here, "proven")
    page = await who.visitor.fetch("/_sidecar/account")
    problem = json.loads(page.text)
    assert page.status == 403
    assert page.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == "/_sidecar/problems/cross-site-refused"
    assert problem["request_id"] == page.headers["X-Request-Id"]


async def test_a_defect_of_ours(here: World) -> None:
    """A page that breaks shows an apology with a number and a way to try again, and no detail."""
    who = await somebody(here, "proven")
    with patch.object(Management, "held", side_effect=RuntimeError("secret detail")):
        page = await who.get("account")
    assert page.status == 500
    assert "secret detail" not in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert "/_sidecar/account" in page.links


async def test_an_error_speaks_the_chosen_language(here: World) -> None:
    """The language once chosen shows that error pages keep to it."""
    who = await somebody(here, "proven")
    await who.get("invitation?lang=de")
    assert '<html lang="de"' in (await who.get("nothing-here")).text


async def test_headers(here: World) -> None:
    """Every page shows that nothing keeps it, frames it or loads code into it."""
    who = await somebody(here, "proven")
    page = await who.get("account")
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert "Server" not in page.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods(here: World, method: str) -> None:
    """A method that no page has shows "not found"."""
    who = await somebody(here, "proven")
    headers = {**NAVIGATION, "Origin": here.origin}
    page = await who.visitor.send(method, "/_sidecar/account", headers=headers)
    assert page.status == 404


async def test_head_is_get_without_a_body(here: World) -> None:
    """HEAD of a page shows the same status, and a script's is refused just the same."""
    who = await somebody(here, "proven")
    assert (await who.visitor.send("HEAD", "/_sidecar/account", headers=NAVIGATION)).status == 200
    assert (await who.visitor.send("HEAD", "/_sidecar/account", headers=FETCH)).status == 403
