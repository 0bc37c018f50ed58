"""A new authenticator that is stronger than the session it was set up in counts later."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.decision import Enroll, Evidence, StepUp, decide
from sidecar.core.errors import Conflict, NotFound
from sidecar.core.model import Authenticator, AuthenticatorId, Level
from sidecar.core.policy import Effect, Rule
from sidecar.core.protocols import FactorTraits
from sidecar.flows.admission import adding
from sidecar.flows.holdings import Holdings
from sidecar.flows.kit import Entered, FirstEnrollment
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, OPTIONS, Phone, Scene, Watched, scene, secret_of, watched

DAY = timedelta(hours=24)
STRONG = Rule("strong", Effect.REQUIRE, Requirement(Level.PHISHING_RESISTANT))


class Key(Watched):
    """An app that is said to be worth a key."""

    @property
    def traits(self) -> FactorTraits:
        return replace(super().traits, phishing_resistant=True)


def with_key() -> dict[str, Watched]:
    return {**{name: watched(name) for name in OPTIONS}, "key": watched("totp", Key)}


@pytest.fixture
async def held(folder: Path) -> AsyncIterator[Scene]:
    """Flows with a key among the factors, and a hold of a day."""
    first = FirstEnrollment("invited", None, DAY)
    async with scene(folder, first=first, factors=with_key()) as made:
        yield made


async def add_key(here: Scene, visit: Visit, phone: Phone) -> tuple[Visit, Phone]:
    """Return the visit and the key of somebody who proved with the app and added one."""
    visit = await here.prove(visit, phone, action=adding("key"))
    begun = await here.flows.enrollments.begin(visit, "key", {})
    key = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, key.code(here.clock))
    return visit, key


async def use(here: Scene, visit: Visit, key: Phone) -> Visit:
    here.clock.travel(seconds=30)
    begun = await here.flows.challenges.begin(visit, "key")
    entered = await here.flows.challenges.answer(visit, begun.id, key.code(here.clock))
    return replace(visit, session=entered.session)


def holdings_of(here: Scene) -> Holdings:
    return Holdings(here.store, here.clock)


async def the_key(here: Scene) -> Authenticator:
    return next(item for item in await here.held() if item.factor == "key")


@pytest.mark.conforms("NIST-BAA-2")
async def test_a_key_added_with_a_code_is_worth_a_code_for_a_day(held: Scene) -> None:
    """A key that was set up with an app's proof shows the app's level until the hold is over, in
    proofs given before that for ever, and its own level in proofs given afterwards.
    """
    visit, phone = await held.enroll()
    visit, key = await add_key(held, visit, phone)
    item = await the_key(held)
    assert (item.level, item.held_level) == (Level.PHISHING_RESISTANT, Level.TWO_FACTOR)
    assert item.held_until == held.clock() + DAY
    visit = await use(held, visit, key)
    assert visit.require_session().proofs[-1].most is Level.TWO_FACTOR
    held.clock.now = item.held_until + timedelta(seconds=1)
    again, _ = await held.enter()
    again = await use(held, again, key)
    assert again.require_session().proofs[-1].most is Level.PHISHING_RESISTANT


async def test_what_is_held_does_not_offer_what_it_cannot_prove(held: Scene) -> None:
    """Somebody with a held key shows a decision that says from when it counts, and afterwards one
    that asks for it.
    """
    visit, phone = await held.enroll()
    visit, _ = await add_key(held, visit, phone)
    until = (await the_key(held)).held_until
    assert until is not None
    found = await portfolio(held.kit, ADA)
    assert found.worth == {"key": Level.TWO_FACTOR, "totp": Level.TWO_FACTOR}
    evidence = Evidence(visit.identity, (), found, held.kit.levels)
    decided = decide((STRONG,), evidence, held.clock())
    assert decided == Enroll(STRONG, "factor-held", until)
    held.clock.now = until
    evidence = Evidence(visit.identity, (), await portfolio(held.kit, ADA), held.kit.levels)
    assert isinstance(decide((STRONG,), evidence, held.clock()), StepUp)


async def test_nothing_is_held_that_is_no_stronger(held: Scene) -> None:
    """A first key under an invitation, spare codes, a second app, and a second key added with the
    first show that none of them waits.
    """
    visit, _ = await held.enter()
    code = await held.people.invite(ADA, "desk")
    begun = await held.flows.enrollments.begin(visit, "key", {}, invitation=code)
    key = Phone(secret_of(begun.prompt))
    entered = await held.flows.enrollments.finish(visit, begun.id, key.code(held.clock))
    assert isinstance(entered, Entered)
    assert entered.session.proofs[0].most is Level.PHISHING_RESISTANT
    visit = replace(visit, session=entered.session)
    await held.spare(visit, key)
    for factor in ("totp", "key"):
        held.clock.travel(seconds=30)
        begun = await held.flows.challenges.begin(visit, "key", action=adding(factor))
        entered = await held.flows.challenges.answer(visit, begun.id, key.code(held.clock))
        visit = replace(visit, session=entered.session)
        begun = await held.flows.enrollments.begin(visit, factor, {})
        new = Phone(secret_of(begun.prompt))
        await held.flows.enrollments.finish(visit, begun.id, new.code(held.clock))
    assert [item.held_until for item in await held.held()] == [None] * 4


async def test_without_a_hold_a_key_counts_at_once(folder: Path) -> None:
    """`hold: 0s` shows that a key is worth its level from its first use on."""
    async with scene(folder, factors=with_key()) as here:
        visit, phone = await here.enroll()
        visit, key = await add_key(here, visit, phone)
        visit = await use(here, visit, key)
        assert visit.require_session().proofs[-1].most is Level.PHISHING_RESISTANT


async def test_an_operator_ends_the_hold(held: Scene) -> None:
    """An approval shows a key that counts at once, an audit row of who did it, and nothing left
    to approve; what is not there, or not held, is refused.
    """
    visit, phone = await held.enroll()
    visit, key = await add_key(held, visit, phone)
    which = (await the_key(held)).id
    await holdings_of(held).approve(ADA, which, "desk")
    visit = await use(held, visit, key)
    assert visit.require_session().proofs[-1].most is Level.PHISHING_RESISTANT
    event = (await held.people.show(ADA, events=2)).events[1]
    assert (event.name, event.actor) == ("authenticator.approved", "desk")
    with pytest.raises(Conflict):
        await holdings_of(held).approve(ADA, which, "desk")
    with pytest.raises(NotFound):
        await holdings_of(held).approve(ADA, AuthenticatorId("nobody's"), "desk")
