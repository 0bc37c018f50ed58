"""Twin of sidecar/flows/admission.py: what opens a first enrollment, and what does not."""

from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict, InvitationNeeded, StepUpRequired, TooManyAttempts
from sidecar.flows.admission import Admission, adding
from sidecar.flows.kit import FirstEnrollment
from tests.clock import START
from tests.unit.flows.scene import ADA, GRACE, Scene, open_until, scene


@pytest.mark.conforms("ASVS-6.4.1")
@pytest.mark.parametrize("mode", ["invited", "confirmed"])
async def test_an_invitation_opens_for_its_person(folder: Path, mode: str) -> None:
    """An open invitation shows a ticket for its person, where people are confirmed too; a wrong
    one, none at all and another's show none.
    """
    async with scene(folder, first=FirstEnrollment(mode)) as here:
        admission, (visit, _) = Admission(here.kit), await here.enter()
        code = await here.people.invite(ADA, "desk")
        for wrong in ("", code[:-1], await here.people.invite(GRACE, "desk")):
            with pytest.raises(InvitationNeeded):
                await admission.admit(visit, "totp", wrong)
        assert await admission.admit(visit, "totp", code.upper())


async def test_an_open_season_ends(folder: Path) -> None:
    """A first enrollment begun in an open season shows that it cannot be closed after it."""
    async with scene(folder, first=open_until(START.date())) as here:
        admission, (visit, _) = Admission(here.kit), await here.enter()
        ticket = await admission.admit(visit, "totp", "")
        later = here.clock() + timedelta(days=1)
        with pytest.raises(InvitationNeeded):
            async with here.store.begin() as tx:
                await admission.close(tx, visit, ticket, later)
        async with here.store.begin() as tx:
            await admission.close(tx, visit, ticket, here.clock())
            assert (await tx.accounts.get(ADA)) is not None


async def test_tickets_of_another_mode_open_nothing(here: Scene) -> None:
    """The tickets of open season, of a confirmed person and of a program's word show nothing where
    invitations rule and a person comes alone.
    """
    admission, (visit, _) = Admission(here.kit), await here.enter()
    for ticket in ("-", "+", "=", "unknown"):
        with pytest.raises(InvitationNeeded):
            async with here.store.begin() as tx:
                await admission.close(tx, visit, ticket, here.clock())


async def test_guesses_at_invitations_are_bounded(here: Scene) -> None:
    """Ten wrong codes show the eleventh refused unread; the right one is still taken."""
    admission, (visit, _) = Admission(here.kit), await here.enter()
    for _ in range(10):
        with pytest.raises(InvitationNeeded):
            await admission.admit(visit, "totp", "wrong")
    with pytest.raises(TooManyAttempts):
        await admission.admit(visit, "totp", "wrong")
    code = await here.people.invite(ADA, "desk")
    assert await admission.admit(visit, "totp", code)


async def test_spares_are_no_first_factor(here: Scene) -> None:
    """Spare codes show that they are refused to a newcomer, invited or not."""
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    with pytest.raises(Conflict):
        await Admission(here.kit).admit(visit, "backup_codes", code)


async def test_one_more_takes_a_proof_of_exactly_that(here: Scene) -> None:
    """Another factor's proof, none, and a spent one show that each is refused."""
    visit, phone = await here.enroll()
    admission = Admission(here.kit)
    with pytest.raises(StepUpRequired):
        await admission.admit(visit, "totp", "")
    visit = await here.prove(visit, phone, action=adding("backup_codes"))
    with pytest.raises(StepUpRequired):
        await admission.admit(visit, "totp", "")
    visit = await here.prove(visit, phone, action=adding("totp"))
    assert await admission.admit(visit, "totp", "") == ""
    with pytest.raises(StepUpRequired):
        await admission.admit(visit, "totp", "")
    pending, _ = await here.enter()
    with pytest.raises(StepUpRequired):
        await admission.admit(pending, "totp", "")
