"""Names that mean something in a path, a query or a pattern name exactly one person."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.programs import Office, office
from tests.unit.flows.scene import quick_folder

ODD = ("{ada}", "}{", "a/b", "a?b", "a#b", "a%2Fb", "a;b", "a\\b", "ä ö", "ada:eve", "*")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk() -> AsyncIterator[Office]:
    """Where programs get their tokens, for the whole file."""
    with quick_folder() as folder:
        async with office(folder) as (_, made):
            yield made


@pytest.mark.threat(1, 3)
@pytest.mark.parametrize("name", ODD)
async def test_a_name_is_one_person(desk: Office, name: str) -> None:
    """THREATS 1: a name of braces and slashes shows its own person, in a path too."""
    program = await desk.program()
    made = await program.post("/config", user_id=name, required=True)
    assert made.status == 201, made
    read = await program.get(f"/config/{quote(name, safe='')}")
    assert (read.status, read["user_id"], read["required"]) == (200, made["user_id"], True)
    gone = await program.call("DELETE", f"/users/{quote(name, safe='')}")
    assert gone.status == 200


@pytest.mark.threat(35)
async def test_whoever_is_called_like_somebody_elses_id_is_another(desk: Office) -> None:
    """THREATS 35: a person whose subject is the whole id of another shows, by their own whole id,
    as a person of their own.
    """
    program = await desk.program()
    alike = "app_login:app_login:grace"
    assert (await program.post("/config", user_id="app_login:grace")).status == 201
    assert (await program.post("/config", user_id=alike, enabled=False)).status == 201
    read = await program.get(f"/config/{quote(alike, safe='')}")
    assert (read["user_id"], read["enabled"]) == (alike, False)
    assert (await program.get("/config/grace"))["enabled"] is True
