"""Challenges that a page carries: nobody else's, answered once, burned by a wrong answer too."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sidecar.core.errors import ChallengeGone, ResponseRejected, SidecarError
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import GRACE, Phone, Scene, quick_folder, scene
from tests.world import world


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made


async def carried(here: Scene, visit: Visit, action: str = "") -> str:
    offered = await here.flows.challenges.offer(visit, "totp", action=action)
    assert offered is not None
    return offered.token


async def offered(here: Scene, visit: Visit, token: str, phone: Phone) -> str:
    """Offer the app's code of now for a token, and return what came of it."""
    try:
        await here.flows.challenges.answer_carried(visit, token, phone.code(here.clock))
    except SidecarError as error:
        return error.slug
    return ""


@pytest.mark.threat(60, 45)
@pytest.mark.conforms("ASVS-6.6.2")
async def test_it_is_worth_nothing_elsewhere(here: Scene) -> None:
    """THREATS 60: a token lifted from a page shows gone to another session and another person,
    uncounted and unjudged, and works where it belongs.
    """
    visit, phone = await here.enroll()
    elsewhere, _ = await here.enter()
    grace, _ = await here.enroll(GRACE)
    token = await carried(here, visit)
    here.clock.travel(seconds=30)
    for other in (elsewhere, grace):
        assert await offered(here, other, token, phone) == ChallengeGone.slug
    assert here.factors["totp"].judged == 0
    assert await offered(here, visit, token, phone) == ""


@pytest.mark.threat(53)
@pytest.mark.conforms("ASVS-6.5.1")
async def test_it_works_once(here: Scene) -> None:
    """THREATS 53: a token that brought a proof shows gone ever after, with a fresh code too."""
    visit, phone = await here.enroll()
    token = await carried(here, visit)
    here.clock.travel(seconds=30)
    assert await offered(here, visit, token, phone) == ""
    for _ in range(3):
        here.clock.travel(seconds=30)
        assert await offered(here, visit, token, phone) == ChallengeGone.slug
    assert (await here.events()).count("challenge.verified") == 1


@pytest.mark.threat(50, 53)
async def test_a_wrong_answer_burns_it(here: Scene) -> None:
    """THREATS 53: after a wrong answer the right one shows that the challenge is gone."""
    visit, phone = await here.enroll()
    token = await carried(here, visit)
    here.clock.travel(seconds=30)
    with pytest.raises(ResponseRejected):
        await here.flows.challenges.answer_carried(visit, token, phone.wrong(here.clock))
    assert await offered(here, visit, token, phone) == ChallengeGone.slug
    assert await offered(here, visit, await carried(here, visit), phone) == ""


async def test_it_grows_old(here: Scene) -> None:
    """A page left open for ten minutes shows that its challenge is gone."""
    visit, phone = await here.enroll()
    token = await carried(here, visit)
    here.clock.travel(minutes=10)
    assert await offered(here, visit, token, phone) == ChallengeGone.slug
    assert here.factors["totp"].judged == 0


@pytest.mark.threat(37)
async def test_what_it_is_for_cannot_be_changed(here: Scene) -> None:
    """THREATS 37: the challenge of a sign-in shows that its proof pays for no action."""
    visit, phone = await here.enroll()
    for action in ("", "authenticator.add:totp"):
        token = await carried(here, visit, action)
        here.clock.travel(seconds=30)
        entered = await here.flows.challenges.answer_carried(visit, token, phone.code(here.clock))
        assert entered.action == action


@pytest.mark.threat(52)
async def test_fifty_answers_to_one_page_are_one_try() -> None:
    """THREATS 52: one page's form sent fifty times, at two processes, shows one answer judged."""
    with quick_folder() as folder:
        async with scene(folder) as here, scene(folder, here.clock) as there:
            visit, phone = await here.enroll()
            token = await carried(here, visit)
            here.clock.travel(seconds=30)
            results = await asyncio.gather(
                *(offered((here, there)[n % 2], visit, token, phone) for n in range(50))
            )
            assert results.count("") == 1
            assert here.factors["totp"].judged + there.factors["totp"].judged == 1


async def test_two_tabs_do_not_disturb_each_other(here: Scene) -> None:
    """Two tabs that ask at once show that both may be answered, one after the other."""
    visit, phone = await here.enroll()
    tabs = [await carried(here, visit) for _ in range(2)]
    for token in tabs:
        here.clock.travel(seconds=30)
        assert await offered(here, visit, token, phone) == ""


async def test_in_the_browser() -> None:
    """A form filled in and sent again, as a reload does, shows that it is asked for anew."""
    with quick_folder() as folder:
        async with world(folder) as place:
            ada = place.visitor()
            await ada.enroll("ada")
            place.clock.travel(minutes=6)
            page = await ada.open("/pay/x")
            form = page.form("challenge/answer")
            assert form.fields["carried"]
            place.clock.travel(seconds=30)
            wrong = {**form.fields, "code": "000000"}
            assert (await ada.post(form.action, wrong, follow=0)).status == 422
            right = {**form.fields, "code": ada.code()}
            page = await ada.post(form.action, right, follow=0)
            assert page.status == 410
            assert "This took longer than it may" in page.text
            page = await ada.submit(page, "challenge/answer", code=ada.code(), follow=0)
            assert page.status == 303
