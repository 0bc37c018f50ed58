"""What happened, to one person or to everybody."""

from datetime import timedelta

from sidecar.core.directory import Span
from sidecar.flows.histories import LATELY, Histories
from tests.unit.flows.scene import ADA, GRACE, Scene


async def test_tries_come_page_by_page(here: Scene) -> None:
    """Five tries asked for two by two show each once, newest first, and then no more."""
    await here.fail_often(5)
    histories, seen, before = Histories(here.store, here.clock), [], None
    for left in (True, True, False):
        found, before = await histories.tries(Span(ADA, before=before), 2)
        seen += [one.id for one in found]
        assert (before is not None) is left
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5
    assert await histories.tries(Span(GRACE), 2) == ((), None)


async def test_a_full_last_page_has_no_next(here: Scene) -> None:
    """A page that holds exactly the rest shows that nothing follows."""
    await here.fail_often(2)
    found, more = await Histories(here.store, here.clock).tries(Span(ADA), 2)
    assert (len(found), more) == (2, None)


async def test_acts_are_found_by_name_and_person(here: Scene) -> None:
    """Invitations of two people show by name, and by person, in the order they were made."""
    for person in (ADA, GRACE, ADA):
        await here.people.invite(person, "desk")
    histories = Histories(here.store, here.clock)
    found, _ = await histories.events(Span(name="person.invited"), 10)
    assert [one.event.person for one in found] == [ADA, GRACE, ADA]
    first, more = await histories.events(Span(ADA), 1)
    rest, none = await histories.events(Span(ADA, before=more), 1)
    assert [one.sequence for one in (*first, *rest)] == [found[0].sequence, found[2].sequence]
    assert none is None


async def test_figures_are_of_the_last_day_unless_said(here: Scene) -> None:
    """Tries of before yesterday show only where they are asked for."""
    await here.enroll()
    await here.fail_often(3)
    here.clock.now += LATELY + timedelta(minutes=1)
    histories = Histories(here.store, here.clock)
    today = await histories.figures()
    assert (today.until - today.since, today.until) == (LATELY, here.clock())
    assert dict(today.census.rejected) == {}
    assert (today.census.people, today.census.enrolled) == (1, 1)
    assert today.census.authenticators == {"totp": 1}
    week = await histories.figures(here.clock() - timedelta(days=7))
    assert week.census.rejected == {"totp": 3}
