"""Burning all factors and enrolling anew: who had a factor is never a newcomer again."""

from collections.abc import AsyncIterator

import pytest

from sidecar.core.errors import RecoveryNeeded, ResponseRejected, SidecarError
from sidecar.core.model import Challenge, Person, Standing
from sidecar.flows.admission import adding
from sidecar.flows.people import INVITATION_LIFE, invite_in
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from sidecar.storage.sql import SqlStore
from tests.clock import ManualClock
from tests.unit.flows.scene import ADA, Phone, Scene, quick_folder, scene, secret_of
from tests.visitor import Page, Visitor
from tests.world import REALM, World, world


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made


async def invitation(store: SqlStore, person: Person, clock: ManualClock) -> str:
    """An open code, which nobody gives to whoever enrolled: as if one had got round that."""
    async with store.begin() as tx:
        return await invite_in(tx, person, "desk", clock(), until=clock() + INVITATION_LIFE)


async def begin(here: Scene, visit: Visit, invitation: str = "") -> tuple[Challenge, Phone]:
    begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=invitation)
    return begun, Phone(secret_of(begun.prompt))


@pytest.mark.threat(42)
@pytest.mark.parametrize("occasion", ["disable", "suspend", "remove", "expire"])
async def test_who_lost_everything_cannot_enroll(here: Scene, occasion: str) -> None:
    """THREATS 42: a fresh invitation in hand shows that recovery, not enrollment, is next."""
    visit, _ = await here.enroll()
    await here.move(occasion)
    code = await invitation(here.store, ADA, here.clock)
    with pytest.raises(RecoveryNeeded):
        await begin(here, visit, code)


async def test_what_was_begun_before_everything_was_lost_is_refused(here: Scene) -> None:
    """An enrollment open while the last factor is disabled shows that it cannot be confirmed."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("totp"))
    begun, second = await begin(here, visit)
    await here.move("disable")
    with pytest.raises(RecoveryNeeded):
        await here.flows.enrollments.finish(visit, begun.id, second.code(here.clock))
    assert len(await here.held()) == 1


async def test_a_reset_opens_the_door_again_and_forgets_what_was_open(here: Scene) -> None:
    """After a reset an old enrollment shows gone, and a new invitation leads all the way."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("totp"))
    begun, second = await begin(here, visit)
    await here.people.reset(ADA, "desk", "lost phone")
    with pytest.raises(SidecarError):
        await here.flows.enrollments.finish(visit, begun.id, second.code(here.clock))
    here.clock.travel(seconds=30)
    again, phone = await here.enroll()
    await here.prove(again, phone)


@pytest.mark.threat(42)
async def test_an_attacker_who_burns_everything_gets_to_recovery_only(here: Scene) -> None:
    """THREATS 42: app and codes guessed at until disabled show recovery, and a shut door."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    await here.fail_often(49, known=True)
    await here.fail_often(50)
    here.clock.travel(minutes=4)
    visit, _ = await here.enter(known=True)
    with pytest.raises(ResponseRejected):
        await here.fail(visit, phone)
    assert (await portfolio(here.kit, ADA)).usable == ("backup_codes",)
    async with here.store.begin() as tx:
        for item in await tx.authenticators.of(ADA):
            if item.usable:
                await tx.authenticators.move(item, "disable", here.clock())
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    with pytest.raises(RecoveryNeeded):
        await begin(here, visit, await invitation(here.store, ADA, here.clock))


@pytest.mark.threat(42)
async def test_in_the_browser_recovery_is_all_there_is() -> None:
    """THREATS 42: every page an attacker with the password can reach shows recovery, until reset.

    Enrollment pages, a fresh invitation and a hand-made post lead nowhere; the reset leads on.
    """
    with quick_folder() as folder:
        async with world(folder) as here:
            owner = here.visitor()
            await owner.enroll()
            await _disable_everything(here)
            thief = here.visitor()
            await thief.sign_in()
            for page in ("/secret", "/_sidecar/enroll", "/_sidecar/challenge", "/_sidecar/account"):
                shown = await thief.open(page)
                assert "/_sidecar/recovery" in shown.url, (page, shown.url)
            code = await invitation(here.sidecar.store, Person(REALM, "ada"), here.clock)
            refused = await _post_enrollment(thief, code)
            assert refused.status == 403
            assert "otpauth:" not in refused.text
            assert not any("/secret" in seen for seen in here.application.reached)
            await here.reset("ada")
            await here.sidecar.flows.revocations.read()
            here.clock.travel(seconds=30)
            again = here.visitor()
            await again.enroll()
            assert (await again.open("/secret")).text.endswith("for ada")


async def _disable_everything(here: World) -> None:
    async with here.sidecar.store.begin() as tx:
        for item in await tx.authenticators.of(Person(REALM, "ada")):
            await tx.authenticators.move(item, "disable", here.clock())


async def _post_enrollment(thief: Visitor, invitation: str) -> Page:
    """Post the form of the first enrollment by hand, with a form token of another page."""
    page = await thief.open("/_sidecar/recovery")
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    fields = {"csrf": token, "factor": "totp", "invitation": invitation}
    return await thief.post("/_sidecar/enroll/begin", fields)
