"""Budgets of messages: what one spends must not be missing where another signs in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sidecar.core.errors import DeliveryFailed, TooManyAttempts
from sidecar.core.model import Challenge, Person
from sidecar.flows.budgets import JUDGED_FROM, Budgets
from sidecar.flows.visit import Visit
from tests.attacks.sent import NUMBERS, Place, place_in
from tests.unit.flows.scene import ADA, GRACE, quick_folder

STRANGERS = tuple(Person("shop", f"mallory-{number}") for number in range(JUDGED_FROM))


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with place_in(folder) as made:
            yield made


async def offer(here: Place, visit: Visit, to: str) -> None:
    """Have a code sent to a number that would be set up for an account of the attacker's."""
    invitation = await here.scene.people.invite(visit.person, "desk")
    enrollments = here.scene.flows.enrollments
    begun = await enrollments.begin(visit, "sms", {}, invitation=invitation)
    await here.address(visit, begun, to)


async def spend(here: Place, visit: Visit, to: str) -> None:
    """Have codes sent there at a pace that no short pause stops."""
    for _ in range(10):
        await offer(here, visit, to)
        here.scene.clock.travel(minutes=11)


@pytest.mark.threat(57)
@pytest.mark.parametrize("known", [False, True], ids=["stranger", "known"])
async def test_another_account_cannot_use_up_somebodys_number(here: Place, *, known: bool) -> None:
    """THREATS 57: an attacker's own account asks for codes to the owner's number until it gets no
    more of them; shows that the owner's own sign-in still does.
    """
    owner = await here.enroll()
    mallory, _ = await here.scene.enter(GRACE, known=known)
    with pytest.raises(TooManyAttempts):
        await spend(here, mallory, NUMBERS[ADA])
    sent = len(here.texts.letters)
    begun = await here.begin(replace(owner, known=known))
    assert len(here.texts.letters) == sent + 1
    assert (await here.answer(owner, begun, here.code())).session.proofs


@pytest.mark.threat(57, 60)
async def test_codes_that_nobody_types_stop_no_owners() -> None:
    """THREATS 57: strangers have codes sent to a region until it is stopped there; shows that a
    number which its owner confirmed gets codes on, and that theirs do not.
    """
    budgets = Budgets(("+49",), stop_unverified=True)
    with quick_folder() as folder:
        async with place_in(folder, budgets=budgets) as here:
            owner = await here.enroll()
            for number, who in enumerate(STRANGERS):
                visit, _ = await here.scene.enter(who)
                await offer(here, visit, f"+4915112345{700 + number}")
            here.scene.clock.travel(minutes=5)
            late, _ = await here.scene.enter(GRACE)
            with pytest.raises(DeliveryFailed, match="too few"):
                await offer(here, late, NUMBERS[GRACE])
            begun = await here.begin(owner)
            assert (await here.answer(owner, begun, here.code())).session.proofs


@pytest.mark.threat(60)
async def test_a_stated_number_earns_nobody_anything(here: Place) -> None:
    """THREATS 60: an application states a number that somebody earns by, and its owner changes
    things again and again; shows few messages there, and each of them at the confirmed addresses.
    """
    visit = await here.enroll()
    claims = replace(visit.identity.claims, phone="+49900123456")
    visit = replace(visit, identity=replace(visit.identity, claims=claims))
    await here.scene.flows.sessions.open(visit)
    for _ in range(12):
        async with here.scene.store.begin() as tx:
            await here.scene.flows.notices.tell(tx, visit, "browser_theft")
    await here.scene.flows.deliveries.carrier.recover()
    here.scene.clock.travel(seconds=6)
    await here.scene.flows.deliveries.carrier.recover()
    told = [letter.to for letter in here.texts.letters if "#" not in letter.text]
    assert told.count("+49900123456") == Budgets().per_destination_daily
    assert told.count(NUMBERS[ADA]) >= 12


@pytest.mark.threat(50, 60)
async def test_two_processes_send_one_code() -> None:
    """THREATS 50, 60: many begin at once at two processes on one store; shows one message, and one
    more for many that ask for it again.
    """
    with quick_folder() as folder:
        async with place_in(folder) as here, place_in(folder, here) as there:
            visit, both = await here.enroll(), (here, there) * 4
            before = len(here.texts.letters)
            work = [process.begin(visit) for process in both]
            begun = await asyncio.gather(*work, return_exceptions=True)
            (one,) = [made for made in begun if isinstance(made, Challenge)]
            assert len(here.texts.letters) == before + 1
            here.scene.clock.travel(seconds=31)
            again = [process.scene.flows.deliveries.again(visit, one) for process in both]
            await asyncio.gather(*again, return_exceptions=True)
            assert len(here.texts.letters) == before + 2
