"""Of several authenticators of a factor, the person says by which one they answer."""

import pytest

from sidecar.core.errors import NotFound, ResponseRejected
from sidecar.core.model import AuthenticatorId
from sidecar.flows.admission import adding
from tests.unit.flows.scene import GRACE, Phone, Scene, secret_of


async def test_only_the_chosen_one_answers(here: Scene) -> None:
    """Two apps show that a challenge of one takes its codes and not those of the other."""
    visit, first = await here.enroll()
    visit, second = await here.add_second(visit, first)
    ids = [item.id for item in await here.held()]
    here.clock.travel(seconds=30)
    for mine, phone, other in ((ids[0], first, second), (ids[1], second, first)):
        begun = await here.flows.challenges.begin(visit, "totp", chosen=mine)
        assert begun.authenticator_id == mine
        with pytest.raises(ResponseRejected, match="wrong"):
            await here.flows.challenges.answer(visit, begun.id, other.code(here.clock))
        entered = await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
        assert mine in {proof.authenticator_id for proof in entered.session.proofs}


async def test_nobody_chooses_what_is_not_theirs(here: Scene) -> None:
    """Another's, another factor's, a removed one and nonsense show that nothing begins."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    await here.enroll(GRACE)
    mine = await here.first_of()
    hers, paper = await here.first_of(person=GRACE), await here.first_of("backup_codes")
    for which in (hers, paper, AuthenticatorId("nonsense")):
        with pytest.raises(NotFound):
            await here.flows.challenges.begin(visit, "totp", chosen=which)
    await here.move("remove")
    with pytest.raises(NotFound):
        await here.flows.challenges.begin(visit, "totp", chosen=mine)


async def test_the_chosen_one_may_go_meanwhile(here: Scene) -> None:
    """The chosen app, removed while it is asked for, shows that no other answers in its place."""
    visit, first = await here.enroll()
    visit, second = await here.add_second(visit, first)
    (one, _) = await here.held()
    begun = await here.flows.challenges.begin(visit, "totp", chosen=one.id)
    async with here.store.begin() as tx:
        await tx.authenticators.move(one, "remove", here.clock())
    here.clock.travel(seconds=30)
    for phone in (first, second):
        with pytest.raises(NotFound):
            await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))


async def test_an_enrollment_is_bound_to_what_it_makes(here: Scene) -> None:
    """The authenticator that an enrollment makes shows that it bears the enrollment's own id."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("totp"))
    begun = await here.flows.enrollments.begin(visit, "totp", {})
    answer = Phone(secret_of(begun.prompt)).code(here.clock)
    await here.flows.enrollments.finish(visit, begun.id, answer)
    assert begun.authenticator_id in {item.id for item in await here.held()}
