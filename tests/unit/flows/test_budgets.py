"""How many codes may be sent: by person, address, region, and altogether."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import DeliveryFailed, TooManyAttempts, Undelivered
from sidecar.core.messages import Contact
from sidecar.core.model import Person
from sidecar.core.outbox import Usage
from sidecar.flows.budgets import JUDGED_FROM, Budgets
from tests.unit.flows.scene import ADA, GRACE
from tests.unit.flows.sending import NUMBER, Post, known, posting

REGIONS = ("+49", "+1", "+1876")


@pytest.mark.threat(60)
@pytest.mark.parametrize(
    ("number", "region"),
    [("+4915112345642", "+49"), ("+18765551234", "+1876"), ("+12125551234", "+1")],
)
def test_the_longest_region_counts(number: str, region: str) -> None:
    """A number of a region within another shows the narrower one."""
    assert Budgets(REGIONS).region(Contact("sms", number)) == region


@pytest.mark.threat(60)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_no_region_no_message(number: str) -> None:
    """Any number shows a refusal where no region was named, and where none of them fits."""
    with pytest.raises(DeliveryFailed):
        Budgets().region(Contact("sms", number))
    if not number.startswith(REGIONS):
        with pytest.raises(DeliveryFailed):
            Budgets(REGIONS).region(Contact("sms", number))
    assert Budgets().region(Contact("email", "ada@x.test")) == ""


@pytest.mark.conforms("ASVS-6.6.3", "ASVS-2.4.1")
async def test_three_in_ten_minutes(post: Post) -> None:
    """A fourth code within ten minutes shows for how long to wait; then there is one."""
    visit = await post.confirmed()
    for _ in range(3):
        await post.begin(visit)
        post.clock.travel(seconds=30)
    with pytest.raises(TooManyAttempts) as full:
        await post.begin(visit)
    assert full.value.retry_after_s == 600 - 90
    post.clock.travel(seconds=600 - 90)
    await post.begin(visit)


async def test_a_refused_code_opens_nothing(post: Post) -> None:
    """What a budget refuses shows no challenge that was opened, and no letter."""
    visit = await post.confirmed()
    await post.begin(visit)
    with pytest.raises(TooManyAttempts):
        await post.begin(visit)
    assert len(post.texts.letters) == 1


@pytest.mark.threat(57)
async def test_a_stranger_uses_up_nothing_of_the_owners(post: Post) -> None:
    """THREATS 57: whoever knows the password and asks until nothing is sent any more shows that
    the browser of the owner still gets its codes.
    """
    visit = await post.confirmed()
    for _ in range(3):
        await post.begin(visit)
        post.clock.travel(seconds=30)
    with pytest.raises(TooManyAttempts):
        await post.begin(visit)
    await post.begin(known(visit))


async def test_a_day_of_one_person(folder: Path) -> None:
    """So many codes a day show the end of them, whatever the pace; the next day there are more."""
    budgets = Budgets(("+49",), per_person_daily=4, per_destination_daily=100)
    async with posting(folder, budgets=budgets) as post:
        visit = await post.confirmed()
        for _ in range(4):
            await post.begin(visit)
            post.clock.travel(minutes=20)
        visit, _ = await post.scene.enter()
        with pytest.raises(TooManyAttempts) as full:
            await post.begin(visit)
        assert full.value.retry_after_s == 24 * 3600 - 80 * 60
        post.clock.travel(days=1)
        visit, _ = await post.scene.enter()
        await post.begin(visit)


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-2.4.1")
async def test_a_day_of_one_number(folder: Path) -> None:
    """THREATS 60: a number that many people give shows so many codes a day, and no more."""
    budgets = Budgets(("+49",), per_destination_daily=2)
    async with posting(folder, budgets=budgets) as post:
        for number in range(3):
            person = Person("shop", f"p{number}")
            visit, begun = await post.newcomer(person)
            if number < 2:
                await post.give(visit, begun)
            else:
                with pytest.raises(TooManyAttempts):
                    await post.give(visit, begun)
        assert [letter.to for letter in post.texts.letters] == [NUMBER] * 2


@pytest.mark.threat(60)
@pytest.mark.parametrize(
    "bound", [{"per_region_daily": {"+49": 2}}, {"daily": 2}], ids=["region", "all"]
)
async def test_a_day_of_a_region_and_of_all(folder: Path, bound: dict[str, object]) -> None:
    """THREATS 60: toll fraud with ever new people and numbers shows its end."""
    budgets = replace(Budgets(("+49",)), **bound)  # type: ignore[arg-type]  # see the parameters
    async with posting(folder, budgets=budgets) as post:
        for number in range(3):
            visit, begun = await post.newcomer(Person("shop", f"p{number}"))
            give = post.give(visit, begun, f"+491511234564{number}")
            if number < 2:
                await give
            else:
                with pytest.raises(TooManyAttempts):
                    await give


async def test_fifty_at_once_count_as_fifty(post: Post) -> None:
    """Fifty beginnings at once show one letter: what is counted is counted before it is sent."""
    visit = await post.confirmed()
    begun = await asyncio.gather(*(post.begin(visit) for _ in range(20)), return_exceptions=True)
    assert len(post.texts.letters) == 1
    assert sum(isinstance(one, TooManyAttempts) for one in begun) == 19


async def test_budgets_outlive_the_process(folder: Path) -> None:
    """Another process over the same store shows the same counts."""
    async with posting(folder) as post:
        visit = await post.confirmed()
        await post.begin(visit)
        async with posting(folder, post) as other:
            with pytest.raises(TooManyAttempts):
                await other.begin(visit)


async def test_what_nobody_took_costs_nothing(post: Post) -> None:
    """Ten failures in a row show that the eleventh code is sent."""
    visit = await post.confirmed()
    post.texts.broken = DeliveryFailed("down")
    for _ in range(10):
        with pytest.raises(DeliveryFailed):
            await post.begin(visit)
    post.texts.broken = None
    await post.begin(visit)


@pytest.mark.parametrize(
    ("sent", "used", "few"),
    [(9, 0, False), (10, 0, True), (10, 2, True), (10, 3, False), (1000, 299, True)],
)
def test_how_many_must_be_used(sent: int, used: int, *, few: bool) -> None:
    """Thirty percent of at least ten codes show what is enough."""
    assert Budgets(least_verified=30).too_few_used(Usage("sms", "+49", sent, used)) is few


@pytest.mark.threat(60)
@pytest.mark.parametrize("stop", [True, False])
async def test_toll_fraud_stops_its_region(folder: Path, *, stop: bool) -> None:
    """THREATS 60: codes that nobody types show, where that is asked for, a region that gets no
    more, while another one does; a quarter of an hour later it is tried again.
    """
    budgets = Budgets(("+49", "+1"), stop_unverified=stop)
    async with posting(folder, budgets=budgets) as post:
        for number in range(JUDGED_FROM):
            visit, begun = await post.newcomer(Person("shop", f"p{number}"))
            await post.give(visit, begun, f"+49151123456{40 + number}")
        ada, hers = await post.newcomer(ADA)
        grace, other = await post.newcomer(GRACE)
        post.clock.travel(minutes=2)
        if stop:
            with pytest.raises(DeliveryFailed) as stopped:
                await post.give(ada, hers)
            assert stopped.value.why is Undelivered.REFUSED
            await post.give(grace, other, "+12125551234")
            ada, hers = await post.newcomer(ADA)
            post.clock.now += timedelta(minutes=13)
            visit, hers = await post.newcomer(ADA)
            await post.give(visit, hers)
        else:
            await post.give(ada, hers)
