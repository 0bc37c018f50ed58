"""At once: what the management API takes once is taken once, on either database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.postgres import Server
from tests.programs import App, Office, Program, Told, office
from tests.unit.flows.scene import quick_folder
from tests.world import World

Place = tuple[World, Office]


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A sidecar with its management API, for the whole file; everybody in it is new."""
    async with AsyncExitStack() as stack:
        folder, changes = stack.enter_context(quick_folder()), {}
        if request.param == "postgres":
            server: Server = request.getfixturevalue("postgres")
            url = await stack.enter_async_context(server.empty())
            changes = {"storage": {"database": url}}
        yield await stack.enter_async_context(office(folder, changes))


pytestmark = pytest.mark.asyncio(loop_scope="module")


def won(told: list[Told]) -> int:
    """Return how many succeeded; all others failed as the API says they do."""
    assert {one.status for one in told} <= {200, 201, 403, 409, 410, 422, 429}, told
    return sum(one.status in {200, 201} for one in told)


async def moved(desk: Office) -> None:
    """The next code of every app is a fresh one."""
    desk.clock.travel(seconds=30)


@pytest.mark.threat(52)
@pytest.mark.conforms("ASVS-6.5.1")
async def test_one_challenge_has_one_right_answer(place: Place) -> None:
    """THREATS 52: 20 right answers to one challenge at once show one result."""
    _, desk = place
    program = await desk.program()
    app = await desk.enrolled(program, "twenty")
    await moved(desk)
    which, code = await desk.begun(program, "twenty"), app.code(desk.clock)
    told = await asyncio.gather(*(desk.answer(program, which, code, "twenty") for _ in range(20)))
    assert won(told) == 1


@pytest.mark.threat(52, 53)
async def test_a_code_is_good_for_one_program(place: Place) -> None:
    """THREATS 53: one code at ten programs at once shows one result."""
    _, desk = place
    programs = [await desk.program(name=f"p{number}") for number in range(10)]
    app = await desk.enrolled(programs[0], "shared")
    await moved(desk)
    opened = [await desk.begun(program, "shared") for program in programs]
    code = app.code(desk.clock)
    told = await asyncio.gather(
        *(
            desk.answer(program, which, code, "shared")
            for program, which in zip(programs, opened, strict=True)
        )
    )
    assert won(told) == 1


@pytest.mark.threat(53)
async def test_a_backup_code_is_good_for_one_challenge(place: Place) -> None:
    """THREATS 53: one backup code for five challenges at once shows one result."""
    _, desk = place
    program = await desk.program()
    await desk.enrolled(program, "paper")
    codes = (await program.post("/backup-codes/generate", user_id="paper"))["codes"]
    opened = [await desk.begun(program, "paper", factor="backup_codes") for _ in range(5)]
    told = await asyncio.gather(
        *(desk.answer(program, which, codes[0], "paper") for which in opened)
    )
    assert won(told) == 1
    assert (await program.get("/backup-codes/paper"))["unused"] == 9


@pytest.mark.threat(50)
async def test_guesses_at_once_are_as_few_as_one_by_one(place: Place) -> None:
    """THREATS 50: 60 guesses at once, over ten programs and challenges, show five that were
    checked, and the right code refused after them.
    """
    _, desk = place
    programs = [await desk.program(name=f"g{number}") for number in range(10)]
    app = await desk.enrolled(programs[0], "guessed")
    desk.clock.travel(minutes=10)
    opened = [await desk.begun(program, "guessed") for program in programs]
    wrong = app.wrong(desk.clock)
    told = await asyncio.gather(
        *(
            desk.answer(programs[number % 10], opened[number % 10], wrong, "guessed")
            for number in range(60)
        )
    )
    assert sorted(one.status for one in told) == [422] * 5 + [429] * 55
    right = await desk.answer(programs[0], opened[0], app.code(desk.clock), "guessed")
    assert (right.status, right.slug) == (429, "too-many-attempts")


async def test_proofs_for_an_action_are_spent_once(place: Place) -> None:
    """Ten enrollments at once after one proof for them show one that is open."""
    _, desk = place
    program = await desk.program()
    app = await desk.enrolled(program, "adder")
    await desk.prove(program, app, "adder", action="authenticator.add:totp")
    told = await asyncio.gather(*(program.post("/totp/setup", user_id="adder") for _ in range(10)))
    assert won(told) == 1
    assert {one.slug for one in told if one.status != 201} == {"proof-needed"}


async def test_a_newcomer_is_enrolled_once(place: Place) -> None:
    """Five programs that finish the first enrollment of one person at once show one first factor;
    the others' do not count.
    """
    _, desk = place
    programs = [await desk.program(name=f"n{number}") for number in range(5)]
    begun = [await program.post("/totp/setup", user_id="popular") for program in programs]

    async def finish(program: Program, setup: Told) -> Told:
        code = App(setup["secret"]).code(desk.clock)
        named = {"user_id": "popular", "enrollment_id": setup["enrollment_id"]}
        return await program.post("/totp/verify", **named, code=code)

    told = await asyncio.gather(*map(finish, programs, begun))
    assert won(told) == 1
    added = [name for name, _, _ in await desk.events("popular") if name == "authenticator.added"]
    assert len(added) == 1
