"""Whether a person's factors count."""

import pytest

from sidecar.core.api_errors import PreconditionFailed
from sidecar.core.errors import ChallengeGone, Conflict, NotFound, RecoveryNeeded
from sidecar.core.messages import Contact
from sidecar.core.model import AuthenticatorStatus, Standing
from sidecar.flows.portfolio import portfolio
from sidecar.flows.switching import Switching, Wanted
from tests.unit.flows.scene import ADA, GRACE, Scene
from tests.unit.flows.sending import Post

MAIL = Contact("email", "ada@x.test")


@pytest.fixture
def switching(here: Scene) -> Switching:
    return Switching(here.store, here.clock)


async def test_a_person_is_configured_once(switching: Switching) -> None:
    """A first configuration shows as it was wanted; a second one shows a conflict."""
    done = await switching.create(ADA, Wanted(required=True, contacts=(MAIL,)), "api:shop")
    assert (done.account.enabled, done.account.required, done.account.version) == (True, True, 1)
    assert [one.contact for one in done.addresses] == [MAIL]
    with pytest.raises(Conflict):
        await switching.create(ADA, Wanted(), "api:shop")
    assert await switching.read(ADA) == done or (await switching.read(ADA)).account == done.account


async def test_whoever_was_here_can_still_be_configured(here: Scene, switching: Switching) -> None:
    """A person whom the pages met first shows no conflict."""
    await here.people.invite(ADA, "desk")
    assert (await switching.create(ADA, Wanted(), "api:shop")).account.version == 1


async def test_a_change_of_what_was_read_before_is_refused(switching: Switching) -> None:
    """Of two who change what they read, the second shows that the first was there."""
    await switching.create(ADA, Wanted(), "api:shop")
    await switching.change(ADA, Wanted(required=True), "api:shop", version=1)
    with pytest.raises(PreconditionFailed):
        await switching.change(ADA, Wanted(enabled=False), "api:shop", version=1)
    found = (await switching.read(ADA)).account
    assert (found.enabled, found.required, found.version) == (True, True, 2)
    with pytest.raises(PreconditionFailed):
        await switching.change(GRACE, Wanted(), "api:shop", known=True)
    done = await switching.change(GRACE, Wanted(), "api:shop")
    assert done.new
    assert not (await switching.change(GRACE, Wanted(), "api:shop", known=True)).new


async def test_switching_off_ends_what_was_proven(here: Scene, switching: Switching) -> None:
    """A disabled person shows no session any more; enabling shows their factors as they were."""
    _, phone = await here.enroll()
    before = await here.held()
    await switching.switch(ADA, "api:shop", on=False, reason="stolen")
    dossier = await here.people.show(ADA)
    assert dossier.sessions == ()
    assert dossier.authenticators == before
    visit, _ = await here.enter()
    with pytest.raises(NotFound):
        await here.flows.challenges.begin(visit, "totp")
    await switching.switch(ADA, "api:shop", on=True)
    assert (await here.prove((await here.enter())[0], phone)).require_session().proven
    told = {(one.name, one.actor) for one in (await here.people.show(ADA)).events}
    assert {("person.disabled", "api:shop"), ("person.enabled", "api:shop")} <= told


async def test_a_challenge_from_before_is_not_answered_after(
    here: Scene, switching: Switching
) -> None:
    """What began before the switch, also between asking and judging, shows that it proves
    nothing after it.
    """
    visit, phone = await here.enroll()
    here.clock.travel(seconds=30)
    begun = await here.flows.challenges.begin(visit, "totp")
    meanwhile = here.factors["totp"]
    meanwhile.meanwhile = lambda: switching.switch(ADA, "api:shop", on=False)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
    await switching.switch(ADA, "api:shop", on=True)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


async def test_what_a_notice_stopped_stays_so(here: Scene, switching: Switching) -> None:
    """An authenticator that was suspended before shows suspended after off and on again."""
    await here.enroll()
    await here.move("suspend")
    await switching.switch(ADA, "api:shop", on=False)
    await switching.switch(ADA, "api:shop", on=True)
    assert [item.status for item in await here.held()] == [AuthenticatorStatus.SUSPENDED]


async def test_whoever_is_switched_off_is_no_newcomer(here: Scene, switching: Switching) -> None:
    """A newcomer who is disabled shows recovery, also with an invitation; which opens again what
    it opened before once they are enabled.
    """
    code = await here.people.invite(ADA, "desk")
    await switching.create(ADA, Wanted(enabled=False), "api:shop")
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    visit, _ = await here.enter()
    with pytest.raises(RecoveryNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    await switching.switch(ADA, "api:shop", on=True)
    visit, _ = await here.enter()
    await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)


async def test_no_browser_is_remembered_after(there: Scene) -> None:
    """A browser that was remembered shows a stranger's after its person was disabled."""
    visit, _ = await there.enroll()
    await there.flows.browsers.remember(visit)
    assert (await there.people.show(ADA)).browsers
    switching = Switching(there.store, there.clock)
    await switching.switch(ADA, "api:shop", on=False)
    await switching.switch(ADA, "api:shop", on=True)
    assert (await there.people.show(ADA)).browsers == ()


async def test_people_are_told_of_each_turn_once(post: Post) -> None:
    """Off twice and on twice shows one letter of each to every address, with the actor's reason
    in the trail.
    """
    switching = Switching(post.scene.store, post.clock)
    await switching.create(ADA, Wanted(contacts=(MAIL,)), "operator:desk")
    for on in (False, False, True, True):
        await switching.switch(ADA, "operator:desk", on=on, reason="stolen")
    post.clock.travel(seconds=5)
    await post.notices()
    subjects = sorted(one.subject for one in post.mail.letters if one.to == MAIL.to)
    assert subjects == ["person_disabled", "person_enabled"]
    events = (await post.scene.people.show(ADA)).events
    assert [(one.name, one.details.get("reason")) for one in events] == [
        ("person.enabled", "stolen"),
        ("person.disabled", "stolen"),
        ("person.configured", None),
    ]


async def test_this_process_knows_at_once(here: Scene) -> None:
    """A session that is kept in memory shows that it opens nothing once its person is disabled."""
    switching = Switching(here.store, here.clock, here.flows.sessions.catch_up)
    await here.enroll()
    _, token = await here.enter()
    assert await here.flows.sessions.recall(token) is not None
    await switching.switch(ADA, "api:shop", on=False)
    assert await here.flows.sessions.recall(token) is None


async def test_nobody_is_switched_whom_nobody_knows(switching: Switching) -> None:
    """An unknown person shows that there is nothing to read or to switch."""
    with pytest.raises(NotFound):
        await switching.read(ADA)
    with pytest.raises(NotFound):
        await switching.switch(ADA, "api:shop", on=False)
