"""Twin of sidecar/flows/provisioning.py: programs set up factors for people."""

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.api_errors import InputInvalid, ProofNeeded
from sidecar.core.clients import ApiClient
from sidecar.core.errors import (
    ChallengeGone,
    NotFound,
    RecoveryNeeded,
    ResponseRejected,
)
from sidecar.core.messages import Contact
from sidecar.core.model import Authenticator, Standing
from sidecar.flows.admission import adding
from sidecar.flows.kit import FirstEnrollment
from sidecar.flows.portfolio import portfolio
from sidecar.flows.requested import Asked
from sidecar.flows.switching import Switching
from tests.unit.flows.errands import CHIEF, DESK, SHOP, Agency, errand
from tests.unit.flows.scene import ADA, Phone, Scene, scene, secret_of
from tests.unit.flows.sending import NUMBER, Post
from tests.unit.flows.test_hold import DAY, with_key


async def test_a_newcomer_is_enrolled_by_a_program(here: Scene) -> None:
    """A program's word shows to stand for the invitation; the person is enrolled by it."""
    agency = Agency(here)
    phone = await agency.enroll()
    assert (await portfolio(here.flows.kit, ADA)).standing is Standing.ENROLLED
    told = await agency.details("authenticator.added")
    assert (told["actor"], told["first"], told.get("override")) == ("api:desk", True, None)
    visit, _ = await here.enter()
    assert (await here.prove(visit, phone)).require_session().proven


async def test_programs_without_the_scope_vouch_for_nobody(here: Scene) -> None:
    """A client that may only challenge shows that it opens no first enrollment."""
    mute = replace(DESK, scopes=frozenset())
    with pytest.raises(Exception, match="no open invitation"):
        await Agency(here).provisioning.begin(errand(mute), "totp", {})


async def test_a_name_is_kept(here: Scene) -> None:
    """A name shows tidied on the authenticator; one that is none shows what is expected."""
    agency = Agency(here)
    begun = await agency.provisioning.begin(errand(), "totp", {})
    phone = Phone(secret_of(begun.challenge.prompt))
    which, code = begun.challenge.id, phone.code(here.clock)
    for wrong in ("  ", "x" * 61):
        with pytest.raises(InputInvalid) as refused:
            await agency.provisioning.finish(errand(), which, code, name=wrong)
        assert refused.value.faults[0].pointer == "/name"
    done = await agency.provisioning.finish(errand(), which, code, name=" work  phone ")
    assert isinstance(done, Authenticator)
    assert done.name == "work phone"


async def test_one_more_takes_a_proof_for_it(here: Scene) -> None:
    """No proof, one for something else, one to another program and a spent one show what is needed;
    a fresh one shows the enrollment open, once.
    """
    agency = Agency(here)
    phone = await agency.enroll()
    begin = agency.provisioning.begin
    here.clock.travel(minutes=6)
    await agency.prove(phone, action="payment:1")
    await agency.prove(phone, errand(SHOP), action=adding("totp"))
    with pytest.raises(ProofNeeded) as needed:
        await begin(errand(), "totp", {})
    assert needed.value.action == adding("totp")
    await agency.prove(phone, action=adding("totp"))
    assert (await begin(errand(), "totp", {})).challenge.factor == "totp"
    with pytest.raises(ProofNeeded):
        await begin(errand(), "totp", {})


async def test_proofs_for_it_go_stale(here: Scene) -> None:
    """A proof that was given for it more than five minutes ago shows to be asked for again."""
    agency = Agency(here)
    phone = await agency.enroll()
    await agency.prove(phone, action=adding("totp"))
    here.clock.travel(minutes=5, seconds=1)
    with pytest.raises(ProofNeeded):
        await agency.provisioning.begin(errand(), "totp", {})


async def test_a_proof_of_the_pages_is_none_here(here: Scene) -> None:
    """A proof that a person gave on the pages shows to be worth nothing to a program."""
    visit, phone = await here.enroll()
    await here.prove(visit, phone, action=adding("totp"))
    with pytest.raises(ProofNeeded):
        await Agency(here).provisioning.begin(errand(), "totp", {})


async def test_the_override_asks_for_none(folder: Path) -> None:
    """A program that may override shows one more factor without a proof or a hold, on record."""
    first = FirstEnrollment("invited", None, DAY)
    async with scene(folder, first=first, factors=with_key()) as here:
        agency = Agency(here)
        phone = await agency.enroll()
        await agency.prove(phone, action=adding("key"))
        await agency.enroll(errand(), "key")
        assert [item.held_until for item in await here.held() if item.factor == "key"] != [None]
        await agency.enroll(errand(CHIEF), "key")
        free = [item for item in await here.held() if item.held_until is None]
        assert sorted(item.factor for item in free) == ["key", "totp"]
        told = await agency.details("authenticator.added")
        assert (told["actor"], told["override"], told["first"]) == ("api:chief", True, False)


@pytest.mark.parametrize("client", [DESK, CHIEF])
async def test_the_person_is_told(post: Post, client: ApiClient) -> None:
    """One more factor shows a notice with a link that undoes it, whatever the program may."""
    agency, here = Agency(post.scene), post.scene
    phone = await agency.enroll()
    await post.reach(Contact("email", "ada@x.test"))
    await agency.prove(phone, errand(client), action=adding("totp"))
    await post.notices()
    post.mail.letters.clear()
    begun = await agency.provisioning.begin(errand(client), "totp", {})
    code = Phone(secret_of(begun.challenge.prompt)).code(here.clock)
    await agency.provisioning.finish(errand(client), begun.challenge.id, code)
    (letter,) = await post.notices()
    assert (letter.to, letter.subject) == ("ada@x.test", "authenticator_added")
    assert "disown?t=" in letter.text


async def test_the_override_recovers_nobody(here: Scene) -> None:
    """Whoever lost every factor shows to need recovery, whatever the program may."""
    agency = Agency(here)
    await agency.enroll()
    await here.move("suspend")
    for client in (DESK, CHIEF):
        with pytest.raises(RecoveryNeeded):
            await agency.provisioning.begin(errand(client), "totp", {})


async def test_who_was_switched_off_before_enrolling_is_switched_on(here: Scene) -> None:
    """A newcomer whose factors were switched off shows enabled once a program enrolled them, by
    whom, and what ran for them ended everywhere; on their own they get nowhere.
    """
    async with here.store.begin() as tx:
        await tx.accounts.configure(
            ADA, enabled=False, required=False, version=None, now=here.clock()
        )
        before = await tx.feed.last()
    agency = Agency(here)
    await agency.enroll()
    async with here.store.read() as tx:
        account = await tx.accounts.get(ADA)
        told = [(one.person, one.session) for one in await tx.feed.since(before)]
    assert account is not None
    assert account.enabled
    assert (ADA, None) in told
    assert (await agency.details("person.enabled"))["actor"] == "api:desk"


@pytest.mark.threat(42)
async def test_who_was_switched_off_and_reset_stays_off(here: Scene) -> None:
    """THREATS 42: somebody who was switched off and then reset shows that no program sets up
    anything until they are switched on: whoever may reset people may not switch them on by it.
    """
    await here.enroll()
    switching = Switching(here.store, here.clock)
    await switching.switch(ADA, "api:desk", on=False)
    await here.people.reset(ADA, "api:other", "lost phone")
    agency = Agency(here)
    for client in (DESK, CHIEF):
        with pytest.raises(RecoveryNeeded):
            await agency.provisioning.begin(errand(client), "totp", {})
    await switching.switch(ADA, "api:desk", on=True)
    await agency.enroll()


async def test_only_who_began_finishes(here: Scene) -> None:
    """Another program, another person and another factor show an enrollment that is not there."""
    agency = Agency(here)
    begun = await agency.provisioning.begin(errand(), "totp", {})
    phone = Phone(secret_of(begun.challenge.prompt))
    which, code = begun.challenge.id, phone.code(here.clock)
    await agency.behalf.visit(errand(SHOP))
    for who, factor in ((errand(SHOP), ""), (errand(), "backup_codes")):
        with pytest.raises(ChallengeGone):
            await agency.provisioning.finish(who, which, code, factor=factor)
    visit, _ = await here.enter()
    with pytest.raises(ChallengeGone):
        await here.flows.enrollments.finish(visit, which, code)
    await agency.provisioning.finish(errand(), which, code, factor="totp")
    assert len(await here.held()) == 1


async def test_wrong_answers_confirm_nothing(here: Scene) -> None:
    """A wrong code shows rejected, and the enrollment still open."""
    agency = Agency(here)
    begun = await agency.provisioning.begin(errand(), "totp", {})
    phone = Phone(secret_of(begun.challenge.prompt))
    with pytest.raises(ResponseRejected):
        await agency.provisioning.finish(errand(), begun.challenge.id, phone.wrong(here.clock))
    await agency.provisioning.finish(errand(), begun.challenge.id, phone.code(here.clock))
    assert len(await here.held()) == 1


async def test_unknown_factors_are_not_there(here: Scene) -> None:
    """A factor that nobody configured shows to be none, and leaves no trace."""
    with pytest.raises(NotFound):
        await Agency(here).provisioning.begin(errand(), "unheard-of", {})
    async with here.store.read() as tx:
        assert await tx.sessions.of(ADA, here.clock()) == ()


async def test_a_number_takes_two_steps(post: Post) -> None:
    """A number shows the step of its code, sent there; the code shows the authenticator."""
    agency, who = Agency(post.scene), errand()
    asked = await agency.provisioning.begin(who, "sms", {})
    assert asked.sent_to == ""
    number = {"address": NUMBER, "accept_risk": "yes"}
    step = await agency.provisioning.finish(who, asked.challenge.id, number)
    assert isinstance(step, Asked)
    assert step.sent_to == "+49 ••• ••42"
    assert step.again_at is not None
    post.clock.now = step.again_at
    assert (await agency.provisioning.again(who, step.challenge.id)).challenge == step.challenge
    assert len(post.texts.letters) == 2
    done = await agency.provisioning.finish(who, step.challenge.id, {"code": post.code()})
    assert isinstance(done, Authenticator)
    assert done.detail == "+49 ••• ••42"


async def test_a_number_can_come_with_the_beginning(post: Post) -> None:
    """A number that is there from the beginning shows one step less; a bad one shows why."""
    agency, number = Agency(post.scene), {"address": NUMBER, "accept_risk": "yes"}
    with pytest.raises(ResponseRejected, match="bad-address"):
        await agency.provisioning.begin(errand(), "sms", {**number, "address": "12"})
    asked = await agency.provisioning.begin(errand(), "sms", number)
    assert asked.sent_to == "+49 ••• ••42"
    done = await agency.provisioning.finish(errand(), asked.challenge.id, {"code": post.code()})
    assert isinstance(done, Authenticator)


async def test_steps_outlive_no_old_proof(post: Post) -> None:
    """An enrollment of one more factor shows to be over once its proof is an hour old."""
    agency, here = Agency(post.scene), post.scene
    phone = await agency.enroll()
    await agency.prove(phone, action=adding("sms"))
    step = (await agency.provisioning.begin(errand(), "sms", {})).challenge
    async with here.store.begin() as tx:
        lasting = replace(step, id=type(step.id)("kept"), expires_at=step.expires_at + 2 * DAY)
        await tx.challenges.add(lasting)
    here.clock.travel(minutes=59)
    await agency.behalf.visit(errand())
    here.clock.travel(minutes=2)
    with pytest.raises(ChallengeGone, match="too long ago"):
        await agency.provisioning.again(errand(), lasting.id)
