"""Twin of sidecar/flows/behalf.py: the session in which a program acts for a person."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import Person
from sidecar.flows.behalf import COUNTS_FOR, session_of
from tests.unit.flows.errands import DESK, SHOP, Agency, errand
from tests.unit.flows.scene import ADA, GRACE, Scene


async def test_each_program_and_person_has_one_session(here: Scene) -> None:
    """Ten calls at once show one session; another program's and another person's are others."""
    behalf = Agency(here).behalf
    visits = await asyncio.gather(*(behalf.visit(errand()) for _ in range(10)))
    assert len({visit.require_session().id for visit in visits}) == 1
    other = await behalf.visit(errand(SHOP))
    grace = await behalf.visit(errand(person=GRACE))
    ids = {visit.require_session().id for visit in (visits[0], other, grace)}
    assert len(ids) == 3
    async with here.store.read() as tx:
        found = await tx.sessions.of(ADA, here.clock())
    assert {one.client for one in found} == {DESK.id, SHOP.id}


def test_no_two_names_share_a_session() -> None:
    """People whose realm and subject only join to the same text show sessions of their own."""
    pairs = [("a", "bc"), ("ab", "c"), ("", "abc"), ("abc", "")]
    assert len({session_of(DESK, Person(*pair)) for pair in pairs}) == len(pairs)
    assert session_of(DESK, ADA) == session_of(replace(DESK, name="renamed"), ADA)


async def test_the_visit_says_who_acts(here: Scene) -> None:
    """A visit shows the program as the actor, and the person as they are to be called."""
    asked = replace(errand(), account="ada@x.test", language="de")
    visit = await Agency(here).behalf.visit(asked)
    assert (visit.actor, visit.person, visit.label) == ("api:desk", ADA, "ada@x.test")
    assert (visit.language, visit.request_id, visit.known) == ("de", "req-9", False)
    assert (await Agency(here).behalf.visit(errand())).label == ADA.subject


async def test_what_a_program_calls_somebody_is_no_address(here: Scene) -> None:
    """An account that looks like a mailbox shows that no notice goes there: anybody can say it."""
    agency = Agency(here)
    await agency.enroll(replace(errand(), account="ada@evil.test"))
    async with here.store.read() as tx:
        assert await tx.contacts.of(ADA) == ()


async def test_only_what_was_begun_goes_on(here: Scene) -> None:
    """A program that began nothing with somebody shows that nothing goes on, nor comes to be."""
    behalf = Agency(here).behalf
    with pytest.raises(ChallengeGone):
        await behalf.going_on(errand())
    async with here.store.read() as tx:
        assert await tx.sessions.of(ADA, here.clock()) == ()
    begun = await behalf.visit(errand())
    assert (await behalf.going_on(errand())).session == begun.session


async def test_a_session_outlives_what_begins_in_it(here: Scene) -> None:
    """A challenge begun whenever shows that it can be answered to its end, for days on end."""
    agency = Agency(here)
    phone = await agency.enroll()
    for _ in range(12):
        here.clock.travel(minutes=25)
        asked = await agency.ask()
        here.clock.travel(minutes=9)
        answer = phone.code(here.clock)
        proven = await agency.requested.answer(errand(), asked.challenge.id, answer)
        assert proven.proof.at == here.clock()


async def test_old_proofs_are_none(here: Scene) -> None:
    """A proof of more than an hour ago shows in the session no more, however long that goes on."""
    agency = Agency(here)
    await agency.enroll()
    assert (await agency.behalf.visit(errand())).require_session().proven
    here.clock.travel(minutes=55)
    await agency.behalf.visit(errand())
    here.clock.travel(minutes=5, seconds=1)
    assert (await agency.behalf.visit(errand())).require_session().proofs == ()
    assert timedelta(hours=1) == COUNTS_FOR


async def test_signing_out_everywhere_ends_it(here: Scene) -> None:
    """Whoever signs out everywhere shows that no program's session is left, nor its proofs."""
    agency = Agency(here)
    await agency.enroll()
    visit, _ = await here.enter()
    await here.flows.sessions.end_all(visit)
    with pytest.raises(ChallengeGone):
        await agency.behalf.going_on(errand())
    assert (await agency.behalf.visit(errand())).require_session().proofs == ()


async def test_people_do_not_see_it(here: Scene) -> None:
    """A person's list of sessions shows browsers alone, and none of a program."""
    await Agency(here).enroll()
    visit, _ = await here.enter()
    assert [one.client for one in await here.flows.sessions.of(visit)] == [""]
