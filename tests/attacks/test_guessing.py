"""Guessing codes: bounded per person and factor, whatever else the guesser changes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast
from urllib.parse import urlencode

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    NotFound,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import Challenge, ChallengeId, Event, Person, Standing
from sidecar.core.protocols import Factor
from sidecar.flows.kit import CHALLENGES_BEGUN
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Phone, Scene, Watched, quick_folder, scene
from tests.visitor import NAVIGATION, Page, Visitor
from tests.world import REALM, World, world


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made


async def refused(here: Scene, visit: Visit, phone: Phone) -> type[SidecarError]:
    """Answer wrongly and return how that was refused."""
    with pytest.raises(SidecarError) as error:
        await here.fail(visit, phone)
    return type(error.value)


async def storm(here: Scene, visit: Visit, answers: list[tuple[Challenge, dict[str, str]]]) -> int:
    """Return how many of these answers, all at once, were accepted."""

    async def one(challenge: Challenge, answer: dict[str, str]) -> bool:
        try:
            await here.flows.challenges.answer(visit, challenge.id, answer)
        except (ResponseRejected, TooManyAttempts, ChallengeGone):
            return False
        return True

    return sum(await asyncio.gather(*(one(*answer) for answer in answers)))


@pytest.mark.threat(50)
async def test_two_hundred_wrong_codes_at_once_are_judged_five_times(here: Scene) -> None:
    """THREATS 50: 200 parallel wrong codes over ten challenges show five evaluations."""
    visit, phone = await here.enroll()
    open_ones = [await here.flows.challenges.begin(visit, "totp") for _ in range(10)]
    wrong = phone.wrong(here.clock)
    assert await storm(here, visit, [(open_ones[n % 10], wrong) for n in range(200)]) == 0
    assert here.factors["totp"].judged == 5


@pytest.mark.threat(51)
@pytest.mark.conforms("ASVS-6.3.1")
async def test_nothing_but_time_reopens_a_bucket(here: Scene) -> None:
    """THREATS 51: new challenges, sessions and logins show that none gives one more try."""
    visit, phone = await here.enroll()
    for _ in range(5):
        other, _ = await here.enter(login=str(here.clock()))
        assert await refused(here, other, phone) is ResponseRejected
    fresh, _ = await here.enter(login="yet another")
    for late in (visit, fresh):
        begun = await here.flows.challenges.begin(late, "totp")
        here.clock.travel(seconds=30)
        with pytest.raises(TooManyAttempts) as error:
            await here.flows.challenges.answer(late, begun.id, phone.code(here.clock))
        assert error.value.retry_after_s
    assert here.factors["totp"].judged == 5
    here.clock.travel(minutes=5)
    await here.prove(fresh, phone)


@pytest.mark.threat(57)
async def test_volume_is_bounded_apart_for_known_browsers(here: Scene) -> None:
    """THREATS 57: a stranger who begins all they may shows that the known browser still can."""
    visit, _ = await here.enroll()
    stranger, _ = await here.enter()
    for _ in range(CHALLENGES_BEGUN.limit):
        await here.flows.challenges.begin(stranger, "totp")
    with pytest.raises(TooManyAttempts):
        await here.flows.challenges.begin(stranger, "totp")
    await here.flows.challenges.begin(replace(visit, known=True), "totp")


@pytest.mark.threat(57)
async def test_strangers_close_at_fifty_and_the_known_browser_goes_on(here: Scene) -> None:
    """THREATS 57: 50 strange failures show a closed door to strangers, and an open one at home."""
    _, phone = await here.enroll()
    await here.fail_often(49)
    here.clock.travel(minutes=4)
    stranger, _ = await here.enter()
    assert await refused(here, stranger, phone) is ResponseRejected
    here.clock.travel(days=1)
    begun = await here.flows.challenges.begin(stranger, "totp")
    with pytest.raises(TooManyAttempts):
        await here.flows.challenges.answer(stranger, begun.id, phone.code(here.clock))
    home, _ = await here.enter(known=True)
    await here.prove(home, phone)


@pytest.mark.conforms("NIST-RL-2", "NIST-RL-6")
async def test_the_hundredth_failure_disables_and_leads_to_recovery(here: Scene) -> None:
    """100 failures in a row show a disabled factor, dead challenges, an audit row and recovery."""
    visit, phone = await here.enroll()
    await here.fail_often(49, known=True)
    await here.fail_often(49)
    visit = replace((await here.enter())[0], known=True)
    stranger, _ = await here.enter()
    for asked in (stranger, visit):
        here.clock.travel(minutes=4)
        last = await here.flows.challenges.begin(asked, "totp")
        assert await refused(here, asked, phone) is ResponseRejected
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    assert (await here.events())[0] == "authenticator.disabled"
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, last.id, phone.code(here.clock))
    with pytest.raises(NotFound):
        await here.flows.challenges.begin(visit, "totp")


@pytest.mark.threat(51)
@pytest.mark.conforms("ASVS-6.3.1")
async def test_success_forgives_no_window(here: Scene) -> None:
    """THREATS 51: 98 failures with successes between show the month's bound still near."""
    visit, phone = await here.enroll()
    for _ in range(2):
        await here.fail_often(49, known=True)
        visit, _ = await here.enter(known=True)
        visit = await here.prove(visit, phone)
    for _ in range(2):
        assert await refused(here, visit, phone) is ResponseRejected
    here.clock.travel(days=1)
    visit, _ = await here.enter(known=True)
    assert await refused(here, visit, phone) is TooManyAttempts
    assert (await portfolio(here.kit, ADA)).standing is Standing.ENROLLED
    here.clock.travel(days=30)
    visit, _ = await here.enter(known=True)
    await here.prove(visit, phone)


@pytest.mark.threat(50)
async def test_several_processes_count_as_one() -> None:
    """THREATS 50: 200 wrong codes over two processes on one file show five evaluations in all."""
    with quick_folder() as folder:
        async with scene(folder) as here, scene(folder, here.clock) as there:
            visit, phone = await here.enroll()
            await there.flows.revocations.read()
            begun = await here.flows.challenges.begin(visit, "totp")
            wrong = [(begun, phone.wrong(here.clock))] * 100
            right = await asyncio.gather(storm(here, visit, wrong), storm(there, visit, wrong))
            assert sum(right) == 0
            assert here.factors["totp"].judged + there.factors["totp"].judged == 5


@pytest.mark.threat(57)
async def test_each_factor_has_its_own_bound(here: Scene) -> None:
    """THREATS 57: an app whose tries are used up shows spare codes that still open the door."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    for _ in range(5):
        assert await refused(here, visit, phone) is ResponseRejected
    assert await refused(here, visit, phone) is TooManyAttempts
    begun = await here.flows.challenges.begin(visit, "backup_codes")
    await here.flows.challenges.answer(visit, begun.id, {"code": phone.codes[0]})


# -- over the wire -----------------------------------------------------------------------------


async def asked_again(here: World) -> tuple[Visitor, Page]:
    """Return the browser of somebody who enrolled, and the page that asks for a code."""
    browser = here.visitor()
    await browser.enroll()
    browser.cookies = {"app": browser.cookies["app"]}
    here.clock.travel(minutes=1)
    return browser, await browser.open("/secret")


async def tries_left(here: World) -> int:
    """Return how many more tries the database lets a stranger make, by making them."""
    for made in range(6):
        try:
            async with here.sidecar.store.begin() as tx:
                await tx.attempts.claim(
                    Person(REALM, "ada"),
                    "totp",
                    known=False,
                    challenge=ChallengeId("probe"),
                    now=here.clock(),
                )
        except TooManyAttempts:
            return made
    return 6


async def history(here: World) -> tuple[Event, ...]:
    async with here.sidecar.store.read() as tx:
        return await tx.trail.of(Person(REALM, "ada"), 50)


@pytest.mark.threat(50)
async def test_forty_posts_at_once_are_five_tries() -> None:
    """THREATS 50: forty pages' forms posted in parallel show five answers judged."""
    with quick_folder() as folder:
        async with world(folder) as here:
            browser, page = await asked_again(here)
            pages = [page, *[await browser.open("/secret") for _ in range(39)]]
            forms = [page.form("challenge/answer") for page in pages]
            answers = await asyncio.gather(
                *(
                    browser.post(form.action, {**form.fields, "code": "000000"}, follow=0)
                    for form in forms
                )
            )
            statuses = [answer.status for answer in answers]
            assert statuses.count(422) <= 5
            assert set(statuses) <= {410, 422, 429}
            assert await tries_left(here) == 0


@pytest.mark.threat(50)
async def test_hanging_up_does_not_uncount() -> None:
    """THREATS 50: a client that posts and is gone at once shows its try counted all the same."""
    with quick_folder() as folder:
        async with world(folder) as here:
            browser, page = await asked_again(here)
            form = page.form("challenge/answer")
            body = urlencode({**form.fields, "code": "000000"}).encode()
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            headers = {
                **NAVIGATION,
                "Host": "app.test",
                "Origin": here.origin,
                "Cookie": cookies,
                "Content-Type": "application/x-www-form-urlencoded",
                "Content-Length": str(len(body)),
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            path = form.action.removeprefix(here.origin)
            raw = f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
            watched = Watched(here.sidecar.flows.kit.factors["totp"])
            cast("dict[str, Factor]", here.sidecar.flows.kit.factors)["totp"] = watched
            others = here.sidecar.listener.connections
            _, writer = await asyncio.open_connection("127.0.0.1", here.sidecar.listener.port)

            async def hang_up() -> None:
                writer.transport.abort()
                while here.sidecar.listener.connections > others:  # noqa: ASYNC110 - its wire
                    await asyncio.sleep(0)

            watched.meanwhile = hang_up
            writer.write(raw)
            async with asyncio.timeout(5):
                await watched.judging.wait()
                await here.sidecar.drain(5)
            assert await tries_left(here) == 4
            assert "challenge.rejected" in [event.name for event in await history(here)]
