"""What a factor is told of the authenticators that a person has of it."""

from sidecar.core.model import AuthenticatorStatus
from sidecar.flows.admission import adding
from tests.unit.flows.scene import GRACE, Phone, Scene, secret_of


async def test_a_newcomer_holds_nothing(here: Scene) -> None:
    """The first enrollment shows that the factor learns of no authenticator, in either step."""
    await here.enroll(GRACE)
    here.factors["totp"].held.clear()
    await here.enroll()
    assert here.factors["totp"].held == [(), ()]


async def test_a_factor_learns_of_all_that_a_person_has_of_it(here: Scene) -> None:
    """Every later ceremony shows the person's authenticators of this factor, usable or not."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    visit, _ = await here.add_second(visit, phone)
    one, other = [item for item in await here.held() if item.factor == "totp"]
    async with here.store.begin() as tx:
        await tx.authenticators.move(other, "suspend", here.clock())
    here.factors["totp"].held.clear()
    visit = await here.prove(visit, phone, action=adding("totp"))
    begun = await here.flows.enrollments.begin(visit, "totp", {})
    third = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, third.code(here.clock))
    told = here.factors["totp"].held
    wanted = {one.id: AuthenticatorStatus.ACTIVE, other.id: AuthenticatorStatus.SUSPENDED}
    assert [{item.id: item.status for item in held} for held in told] == [wanted] * 4
