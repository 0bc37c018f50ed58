"""Whoever was switched off finds no way round it, and nobody finds one in their place."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.errors import ChallengeGone, NotFound, RecoveryNeeded, SidecarError
from sidecar.core.model import Level, Person
from sidecar.flows.admission import adding
from sidecar.flows.kit import FirstEnrollment, Remembering
from sidecar.flows.switching import Switching, Wanted
from sidecar.flows.trusted import Recognised
from tests.application import Application
from tests.unit.flows.newcomers import CONFIRMED, begun, stating
from tests.unit.flows.scene import ADA, Phone, Scene, open_until, quick_folder, scene, secret_of
from tests.world import REALM, world

ANY = (Requirement(Level.TWO_FACTOR),)
LATER = timedelta(days=300)


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


@pytest.fixture
async def here(folder: Path) -> AsyncIterator[Scene]:
    """A process that remembers browsers."""
    async with scene(folder, remembering=Remembering(timedelta(days=30))) as made:
        yield made


async def turn(here: Scene, *, on: bool) -> None:
    switching = Switching(here.store, here.clock, here.flows.sessions.catch_up)
    await switching.change(ADA, Wanted(enabled=on), "api:desk")


@pytest.mark.parametrize("mode", ["invited", "confirmed", "open"])
async def test_no_first_enrollment_leads_past_it(mode: str, folder: Path) -> None:
    """A newcomer who is switched off shows that neither an invitation, nor a code to their mailbox,
    nor open season lets them set up a first factor; nor does what they began before.
    """
    async with scene(folder) as asked:
        first = {"confirmed": CONFIRMED, "open": open_until((asked.clock() + LATER).date())}
    async with scene(folder, first=first.get(mode, FirstEnrollment("invited"))) as here:
        visit = stating((await here.enter())[0], email="ada@x.test")
        invitation = await here.people.invite(ADA, "desk")
        open_now = await here.flows.enrollments.begin(visit, "totp", {}, invitation=invitation)
        phone = Phone(secret_of(open_now.prompt))
        await turn(here, on=False)
        with pytest.raises(SidecarError) as refused:
            await here.flows.enrollments.finish(visit, open_now.id, phone.code(here.clock))
        assert isinstance(refused.value, ChallengeGone | RecoveryNeeded)
        again = stating((await here.enter())[0], email="ada@x.test")
        for code in ("", invitation):
            with pytest.raises(RecoveryNeeded):
                await here.flows.enrollments.begin(again, "totp", {}, invitation=code)
        with pytest.raises(RecoveryNeeded):
            await begun(here, again)
        assert await here.held() == ()


async def test_nothing_that_was_proven_carries_over(here: Scene) -> None:
    """A proof for an action, a remembered browser and a carried challenge from before the switch
    show worthless during it, and after it.
    """
    visit, phone = await here.enroll()
    carried = await here.flows.browsers.remember(visit)
    assert carried is not None
    visit = await here.prove(visit, phone, action=adding("totp"))
    paper = await here.flows.challenges.offer(visit, "totp")
    assert paper is not None
    thief = replace(here.stranger(), trusted=carried.token)
    for on in (False, True):
        await turn(here, on=on)
        here.clock.travel(seconds=30)
        with pytest.raises(SidecarError):
            await here.flows.enrollments.begin(visit, "totp", {})
        with pytest.raises(SidecarError):
            await here.flows.challenges.answer_carried(visit, paper.token, phone.code(here.clock))
        found = await here.flows.browsers.recognise(thief, ANY)
        assert not isinstance(found, Recognised)
    assert len(await here.held()) == 1


async def test_a_try_while_switched_off_learns_nothing(here: Scene) -> None:
    """A right and a wrong code of somebody switched off show the same answer, before any factor
    looks at them.
    """
    _, phone = await here.enroll()
    await turn(here, on=False)
    visit, _ = await here.enter()
    judged = here.factors["totp"].judged
    for _ in (phone.code(here.clock), phone.wrong(here.clock)):
        with pytest.raises(NotFound):
            await here.flows.challenges.begin(visit, "totp")
    assert here.factors["totp"].judged == judged


@pytest.mark.threat(46)
async def test_every_process_knows_within_a_second(folder: Path) -> None:
    """THREATS 46: a session that another process keeps in memory shows dead once that process read
    the feed, which it does each second.
    """
    behind = Application()
    async with (
        world(folder, application=behind) as one,
        world(folder, application=behind, clock=one.clock) as other,
    ):
        browser = one.visitor()
        await browser.enroll("ada")
        browser.world = other
        assert (await browser.fetch("/secret")).status == 200
        flows = one.sidecar.flows
        switching = Switching(flows.kit.store, one.clock, flows.sessions.catch_up)
        await switching.switch(Person(REALM, "ada"), "api:desk", on=False)
        await other.sidecar.flows.revocations.read()
        for process in (one, other):
            browser.world = process
            assert (await browser.fetch("/secret")).status == 403
