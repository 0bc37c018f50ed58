"""Everybody whom the sidecar knows."""

import pytest

from sidecar.core.api_errors import InputInvalid
from sidecar.core.directory import ERASED, Span, Wanted
from sidecar.core.errors import ChallengeGone, Conflict, NotFound, ResponseRejected
from sidecar.core.model import Person, Standing
from sidecar.flows.everybody import Everybody
from sidecar.flows.portfolio import portfolio
from tests.unit.flows.scene import ADA, GRACE, Scene

EVE = Person("shop", "eve")


@pytest.fixture
def everybody(here: Scene) -> Everybody:
    return Everybody(here.store, here.clock, here.flows.sessions.catch_up)


async def names(everybody: Everybody, wanted: Wanted, after: Person | None = None) -> list[str]:
    found = await everybody.page(wanted, after=after, limit=2)
    return [one.person.subject for one in found]


async def test_people_come_in_order(here: Scene, everybody: Everybody) -> None:
    """Three people show by two and one, and by what they are asked for."""
    await here.enroll()
    for person in (GRACE, EVE):
        await here.people.invite(person, "desk")
    assert await names(everybody, Wanted()) == ["ada", "eve"]
    assert await names(everybody, Wanted(), EVE) == ["grace"]
    assert await names(everybody, Wanted(enrolled=True)) == ["ada"]
    assert await names(everybody, Wanted(realm="club")) == []


async def test_whoever_is_renamed_keeps_what_they_have(here: Scene, everybody: Everybody) -> None:
    """A renamed person shows signed out everywhere at once, and proves under the new name with the
    app they had; nothing is left under the old one.
    """
    _, phone = await here.enroll()
    _, token = await here.enter()
    assert await here.flows.sessions.recall(token) is not None
    account = await everybody.rename(ADA, EVE, "api:desk")
    assert (account.person, account.enrolled_at is not None) == (EVE, True)
    assert await here.flows.sessions.recall(token) is None
    visit, _ = await here.enter(EVE)
    assert (await here.prove(visit, phone)).require_session().proven
    assert (await portfolio(here.kit, ADA)).standing is Standing.NEVER_ENROLLED
    assert (await here.people.show(ADA)).account is None


async def test_tries_go_along(here: Scene, everybody: Everybody) -> None:
    """Four wrong codes, a new name and a fifth show that the bucket closes: a name is no way to
    guess afresh.
    """
    _, phone = await here.enroll()
    visit, _ = await here.enter()
    for _ in range(4):
        with pytest.raises(ResponseRejected):
            await here.fail(visit, phone)
    await everybody.rename(ADA, EVE, "api:desk")
    visit, _ = await here.enter(EVE)
    with pytest.raises(ResponseRejected):
        await here.fail(visit, phone)
    async with here.store.read() as tx:
        assert await tx.attempts.closed(EVE, "totp", known=False, now=here.clock()) == 300


async def test_the_trail_knows_of_both_names(here: Scene, everybody: Everybody) -> None:
    """One event under each name shows one word in both, and neither names the other."""
    await here.people.invite(ADA, "desk")
    await everybody.rename(ADA, EVE, "api:desk")
    (one,), (other,) = [
        [event for event in (await here.people.show(who)).events if event.name == "person.renamed"]
        for who in (ADA, EVE)
    ]
    assert one.details == other.details
    assert {one.actor, other.actor} == {"api:desk"}
    assert "eve" not in repr(one.details)


async def test_who_cannot_be_renamed_so(here: Scene, everybody: Everybody) -> None:
    """A name that somebody has, one of another realm, and somebody unknown show refused; one's own
    name shows nothing done.
    """
    await here.enroll()
    await here.people.invite(GRACE, "desk")
    with pytest.raises(Conflict):
        await everybody.rename(ADA, GRACE, "desk")
    with pytest.raises(InputInvalid):
        await everybody.rename(ADA, Person("club", "ada"), "desk")
    with pytest.raises(NotFound):
        await everybody.rename(EVE, Person("shop", "kim"), "desk")
    before = await here.events()
    assert (await everybody.rename(ADA, ADA, "desk")).person == ADA
    assert await here.events() == before
    assert len(await here.held()) == 1


async def test_an_open_challenge_is_nobodys(here: Scene, everybody: Everybody) -> None:
    """A challenge from before a renaming or an erasing shows gone."""
    visit, phone = await here.enroll()
    here.clock.travel(seconds=30)
    begun = await here.flows.challenges.begin(visit, "totp")
    await everybody.rename(ADA, EVE, "desk")
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


async def test_whoever_is_erased_leaves_a_pseudonym(here: Scene, everybody: Everybody) -> None:
    """An erased person shows nothing but tries and acts under a pseudonym, in a trail that is
    whole, and is signed out at once; whoever comes again is a newcomer.
    """
    who = Person("shop", "ada-lovelace-1815")
    visit, phone = await here.enroll(who)
    with pytest.raises(ResponseRejected):
        await here.fail(visit, phone)
    _, token = await here.enter(who)
    pseudonym = await everybody.erase(who, "api:desk")
    assert await here.flows.sessions.recall(token) is None
    assert (await here.people.show(who)).events == ()
    left = Person(ERASED, pseudonym)
    async with here.store.read() as tx:
        assert len(await tx.directory.tries(Span(left), 9)) == 1
        acts = [one.event.name for one in await tx.directory.events(Span(left), 9)]
        (told,) = await tx.directory.events(Span(name="person.erased"), 9)
        assert (await tx.trail.verify()).broken_at is None
    assert "authenticator.added" in acts
    assert (told.event.person, told.event.actor) == (None, "api:desk")
    assert told.event.details == {"pseudonym": pseudonym}
    assert (await portfolio(here.kit, who)).standing is Standing.NEVER_ENROLLED
    here.clock.travel(seconds=30)
    await here.enroll(who)


async def test_nobody_is_erased_whom_nobody_knows(here: Scene, everybody: Everybody) -> None:
    """Somebody unknown, and somebody erased a moment ago, show that there is nothing to erase; the
    name from before a renaming shows that what was done under it can be.
    """
    await here.enroll()
    with pytest.raises(NotFound):
        await everybody.erase(EVE, "desk")
    await everybody.rename(ADA, EVE, "desk")
    old, new = await everybody.erase(ADA, "desk"), await everybody.erase(EVE, "desk")
    assert old != new
    for who in (ADA, EVE):
        with pytest.raises(NotFound):
            await everybody.erase(who, "desk")
