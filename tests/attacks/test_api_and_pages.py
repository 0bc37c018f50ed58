"""What is proven to a program opens no page, and what is proven on a page is no program's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sidecar.core.model import Person
from tests.programs import App, Office, office
from tests.unit.flows.scene import quick_folder
from tests.visitor import NAVIGATION, Visitor
from tests.world import REALM, World

Place = tuple[World, Office]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    with quick_folder() as folder:
        async with office(folder) as made:
            yield made


async def signed_in(world: World) -> Visitor:
    browser = world.visitor()
    await browser.sign_in("ada")
    return browser


@pytest.mark.threat(33, 34)
async def test_a_proof_to_a_program_opens_no_page(place: Place) -> None:
    """THREATS 34: somebody who proved themselves to a program shows to be asked by the pages."""
    world, desk = place
    program = await desk.program()
    app = await desk.enrolled(program)
    assert (await desk.prove(program, app)).status == 200
    page = await (await signed_in(world)).open("/")
    assert "/_sidecar/challenge" in page.url
    assert "GET /" not in world.application.reached


@pytest.mark.threat(34)
async def test_a_result_is_nothing_but_a_result(place: Place) -> None:
    """A result shows to be neither a cookie, nor an API token, nor an assertion: it does not reach
    the application.
    """
    world, desk = place
    program = await desk.program()
    app = await desk.enrolled(program)
    result = (await desk.prove(program, app))["result"]
    browser = await signed_in(world)
    browser.cookies["__Host-sidecar"] = result
    carried = {**NAVIGATION, "X-Sidecar-Assertion": result, "x_sidecar_assertion": result}
    page = await browser.send("GET", "/easy/x", headers=carried)
    assert page.status == 200
    (seen,) = [one for one in world.application.seen if one.target == "/easy/x"]
    said = [value for name, value in seen.headers if "assertion" in name.lower()]
    assert len(said) == 1
    assert result not in said
    assert "/_sidecar/challenge" in (await browser.open("/")).url
    called = await program.call("GET", "/backup-codes/ada", None, Authorization=f"Bearer {result}")
    assert (called.status, called.slug) == (401, "token-refused")


async def test_no_cookie_opens_a_programs_session(place: Place) -> None:
    """Everything that is stored of a program's session shows to open nothing as a cookie."""
    world, desk = place
    program = await desk.program()
    await desk.enrolled(program)
    async with world.sidecar.store.read() as tx:
        (session,) = await tx.sessions.of(Person(REALM, "ada"), world.clock())
    browser = await signed_in(world)
    for text in (
        session.id,
        session.id.removeprefix("api-"),
        program.text,
        program.token.client.id,
    ):
        browser.cookies["__Host-sidecar"] = text
        assert "/_sidecar/challenge" in (await browser.open("/")).url


@pytest.mark.threat(52, 53)
async def test_one_code_here_and_there_is_one_proof(place: Place) -> None:
    """THREATS 53: one code at a program and on four pages at once shows one that is taken."""
    world, desk = place
    program = await desk.program()
    app = await desk.enrolled(program)
    desk.clock.travel(seconds=30)
    which, code = await desk.begun(program), app.code(desk.clock)
    browsers = [await signed_in(world) for _ in range(4)]
    pages = [await browser.open("/") for browser in browsers]

    async def on_page(browser: Visitor, at: int) -> bool:
        page = await browser.submit(pages[at], "challenge/answer", follow=0, code=code)
        return page.status == 303

    async def at_program() -> bool:
        return (await desk.answer(program, which, code)).status == 200

    tries = [on_page(browser, at) for at, browser in enumerate(browsers)]
    assert sum(await asyncio.gather(at_program(), *tries)) == 1


async def test_one_more_factor_ends_what_browsers_proved(place: Place) -> None:
    """A factor that a program adds shows every browser of the person asked anew, and its owner
    told by a link that stops it.
    """
    world, desk = place
    program = await desk.program()
    browser = world.visitor()
    await browser.enroll("ada")
    assert (await browser.open("/")).status == 200
    app = App(browser.secret)
    assert (await desk.prove(program, app, action="authenticator.add:totp")).status == 200
    assert (await browser.open("/")).url.endswith("/")
    begun = await program.post("/totp/setup", user_id="ada")
    await desk.verified(program, begun)
    assert "/_sidecar/challenge" in (await browser.open("/")).url
