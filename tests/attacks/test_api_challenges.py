"""Challenges at the management API are answered once, by few guesses, and for one program."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sidecar.core.clients import Scope
from tests.programs import Office, office
from tests.unit.flows.scene import quick_folder
from tests.world import World

Place = tuple[World, Office]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place() -> AsyncIterator[Place]:
    """A sidecar with its management API, for the whole file; everybody in it is new."""
    with quick_folder() as folder:
        async with office(folder) as made:
            yield made


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def moved(desk: Office) -> None:
    """The next code of every app is a fresh one."""
    desk.clock.travel(seconds=30)


async def test_whose_challenge_it_is_is_told_to_nobody(place: Place) -> None:
    """Another program's, another person's, an enrollment's and a made-up id show one answer."""
    _, desk = place
    mine, theirs = await desk.program(name="mine"), await desk.program(name="theirs")
    app = await desk.enrolled(mine, "owner")
    await desk.enrolled(mine, "neighbour")
    await moved(desk)
    which, code = await desk.begun(mine, "owner"), app.code(desk.clock)
    setup = await mine.post("/totp/setup", user_id="newcomer")
    await desk.begun(theirs, "owner")
    answers: list[object] = []
    for program, user, name in (
        (theirs, "owner", which),
        (mine, "neighbour", which),
        (mine, "nobody", which),
        (mine, "newcomer", setup["enrollment_id"]),
        (mine, "owner", "x" * 32),
    ):
        told = await desk.answer(program, name, code, user)
        told.body.pop("request_id")
        answers.append(told.body)
        assert (told.status, told.slug) == (410, "challenge-gone"), user
    assert answers.count(answers[0]) == len(answers)
    assert (await desk.answer(mine, which, code, "owner")).status == 200


async def test_who_may_only_ask_sets_up_nothing(place: Place) -> None:
    """A program that may challenge shows that its proofs for an enrollment are of no use to it."""
    _, desk = place
    asker = await desk.program(Scope.CHALLENGES_WRITE)
    app = await desk.enrolled(await desk.program(), "asked")
    done = await desk.prove(asker, app, "asked", action="authenticator.add:totp")
    assert done.status == 200
    told = await asker.post("/totp/setup", user_id="asked")
    assert (told.status, told.slug) == (403, "scope-missing")
    other = await desk.program()
    assert (await other.post("/totp/setup", user_id="asked")).slug == "proof-needed"
