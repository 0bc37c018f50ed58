"""What an operator may do to a person."""

from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import (
    Conflict,
    InvitationNeeded,
    NotFound,
    ResponseRejected,
    TooManyAttempts,
)
from sidecar.core.model import Person, Standing
from sidecar.flows.people import INVITATION_LIFE
from sidecar.flows.portfolio import portfolio
from sidecar.flows.switching import Switching
from tests.unit.flows.scene import ADA, Scene, stored_in


async def test_an_invitation_is_long_random_and_not_stored(here: Scene, folder: Path) -> None:
    """Two codes show 112 bits in groups, different each time, and neither in the database."""
    one, two = await here.people.invite(ADA, "desk"), await here.people.invite(ADA, "desk")
    assert one != two
    assert [len(group) for group in one.split("-")] == [7, 7, 7, 7]
    stored = stored_in(folder)
    for code in (one, two):
        assert code.encode() not in stored
        assert code.replace("-", "").encode() not in stored
    assert await here.events() == ["person.invited", "person.invited"]


async def test_an_invitation_ends_with_its_life(here: Scene) -> None:
    """A code just before and at the end of seven days shows open, then shut."""
    code = await here.people.invite(ADA, "desk")
    here.clock.now += INVITATION_LIFE - timedelta(seconds=1)
    visit, _ = await here.enter()
    await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    here.clock.travel(seconds=1)
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    assert timedelta(days=7) == INVITATION_LIFE


async def test_who_enrolled_is_not_invited(here: Scene) -> None:
    """A person with an app, and one who lost it, show that a code would open nothing for them."""
    await here.enroll()
    for occasion in ("suspend", "remove"):
        with pytest.raises(Conflict, match="enrolled already"):
            await here.people.invite(ADA, "desk")
        await here.move(occasion)
    with pytest.raises(Conflict):
        await here.people.invite(ADA, "desk")
    await here.people.reset(ADA, "desk", "lost phone")
    assert await here.people.invite(ADA, "desk")


async def test_an_invitation_is_withdrawn(here: Scene) -> None:
    """A code that was taken back shows shut, and taking back none is no fault."""
    code = await here.people.invite(ADA, "desk")
    await here.people.withdraw(ADA, "desk")
    await here.people.withdraw(ADA, "desk")
    visit, _ = await here.enter()
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    assert (await here.events())[0] == "person.uninvited"


async def test_an_invitation_says_when_it_ends(here: Scene) -> None:
    """A code for an hour shows the moment after which it opens nothing, and itself to nobody who
    prints it.
    """
    made = await here.people.invitation(ADA, "desk", timedelta(hours=1))
    assert made.expires_at == here.clock() + timedelta(hours=1)
    assert made.code not in repr(made)


async def test_a_dossier_holds_all_but_secrets(here: Scene) -> None:
    """A person with app, codes and session shows them all, and no secret in any form."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    dossier = await here.people.show(ADA)
    assert dossier.account is not None
    assert dossier.account.enrolled_at == here.clock()
    assert {item.factor for item in dossier.authenticators} == {"totp", "backup_codes"}
    assert [one.id for one in dossier.sessions] == [visit.require_session().id]
    assert dossier.events[-1].actor == "desk"
    for secret in (phone.secret, *phone.codes):
        assert secret not in repr(dossier)


async def test_nobody_has_an_empty_dossier(here: Scene) -> None:
    """A person who was never here shows nothing, and is not made by being looked at."""
    dossier = await here.people.show(Person("shop", "nobody"))
    assert (dossier.account, dossier.authenticators, dossier.sessions) == (None, (), ())


async def test_a_reset_takes_everything_and_says_why(here: Scene) -> None:
    """A reset shows no authenticator, no session, a newcomer, and the reason in the trail."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    assert await here.people.reset(ADA, "desk", "lost phone") == 2
    dossier = await here.people.show(ADA)
    assert (dossier.authenticators, dossier.sessions) == ((), ())
    assert dossier.events[0].name == "person.reset"
    assert dossier.events[0].details["reason"] == "lost phone"
    assert (await portfolio(here.kit, ADA)).standing is Standing.NEVER_ENROLLED


async def test_a_reset_voids_open_invitations(here: Scene) -> None:
    """A code from before a reset: shows that only a newer one opens the door again."""
    code = await here.people.invite(ADA, "desk")
    await here.people.reset(ADA, "desk", "stolen letter")
    visit, _ = await here.enter()
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)


async def test_a_reset_of_somebody_unknown_is_harmless(here: Scene) -> None:
    """A person who was never here shows that a reset takes nothing and leaves a newcomer."""
    assert await here.people.reset(ADA, "desk", "to be sure") == 0
    assert (await portfolio(here.kit, ADA)).standing is Standing.NEVER_ENROLLED


async def test_a_reset_cures_unreadable_rows(here: Scene) -> None:
    """Rows that no key opens any more show that a reset removes them and opens the door again."""
    await here.enroll()
    async with here.store.begin() as tx:
        await tx.connection.exec_driver_sql("UPDATE authenticators SET material = 'v1:k9:x'")
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    assert await here.people.reset(ADA, "desk", "keys lost") == 1
    here.clock.travel(seconds=30)
    await here.enroll()


async def test_somebody_unlocked_may_try_again_at_once(here: Scene) -> None:
    """A person whose tries are used up shows, unlocked, that the right code is taken; the trail
    says who did it and why.
    """
    _, phone = await here.enroll()
    visit, _ = await here.enter()
    for _ in range(5):
        with pytest.raises(ResponseRejected):
            await here.fail(visit, phone)
    with pytest.raises(TooManyAttempts):
        await here.fail(visit, phone)
    here.clock.travel(seconds=1)
    await here.people.unlock(ADA, "api:desk", "child played")
    assert (await here.prove(visit, phone)).require_session().proven
    events = (await here.people.show(ADA)).events
    unlocked = next(one for one in events if one.name == "person.unlocked")
    assert (unlocked.actor, unlocked.details) == ("api:desk", {"reason": "child played"})


@pytest.mark.conforms("NIST-RL-4")
async def test_what_is_disabled_is_not_unlocked(here: Scene) -> None:
    """A factor disabled after a hundred failures shows that no unlocking brings it back."""
    await here.enroll()
    await here.move("disable")
    await here.people.unlock(ADA, "api:desk")
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED


async def test_nobody_is_unlocked_or_shown_whom_nobody_knows(here: Scene) -> None:
    """Somebody who was never here shows that there is nothing to unlock and nothing to show."""
    for call in (here.people.unlock(ADA, "desk"), here.people.known(ADA)):
        with pytest.raises(NotFound):
            await call
    await here.people.invite(ADA, "desk")
    assert (await here.people.known(ADA)).account is not None


async def test_a_reset_switches_nobody_on(here: Scene) -> None:
    """Somebody switched off shows that they are, after a reset too; enabled, they begin anew."""
    await here.enroll()
    switching = Switching(here.store, here.clock)
    await switching.switch(ADA, "desk", on=False)
    await here.people.reset(ADA, "desk", "lost")
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    await switching.switch(ADA, "desk", on=True)
    here.clock.travel(seconds=30)
    await here.enroll()
