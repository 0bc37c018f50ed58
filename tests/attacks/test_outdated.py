"""What was begun before a change of the configuration or the person, and is used after it."""

from dataclasses import replace

import pytest

from sidecar.core.errors import ChallengeGone
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from tests.attacks.sent import place_in
from tests.unit.flows.scene import ADA, quick_folder, watched


async def test_the_factor_of_an_open_challenge_is_configured_no_more() -> None:
    """A challenge and an enrollment outlive their factor; shows both gone instead of broken."""
    with quick_folder() as folder:
        async with place_in(folder) as before:
            visit = await before.enroll()
            begun = await before.begin(visit)
            before.scene.clock.travel(minutes=1)
            proof = await before.scene.flows.challenges.begin(visit, "sms", action=adding("email"))
            entered = await before.answer(visit, proof, before.code())
            visit = replace(visit, session=entered.session)
            step = await before.scene.flows.enrollments.begin(visit, "email", {})
            async with place_in(folder, before, factors={"totp": watched("totp")}) as after:
                flows, code = after.scene.flows, {"code": before.code()}
                for gone in (
                    flows.challenges.show(visit, begun.id),
                    flows.enrollments.show(visit, step.id),
                    flows.enrollments.finish(visit, step.id, code),
                ):
                    with pytest.raises(ChallengeGone):
                        await gone


@pytest.mark.threat(57)
async def test_an_address_of_a_thief_gets_no_links_after_a_reset() -> None:
    """A thief set up a number of their own before an operator reset the person; shows that what
    the owner sets up afterwards is told to the owner's addresses only.
    """
    with quick_folder() as folder:
        async with place_in(folder) as here:
            await here.enroll()
            await here.scene.flows.deliveries.carrier.recover()
            await here.scene.people.reset(ADA, "desk", "taken over")
            here.texts.letters.clear()
            visit, _ = await here.scene.enter()
            code = await here.scene.people.invite(ADA, "desk")
            begun = await here.scene.flows.enrollments.begin(visit, "email", {}, invitation=code)
            step = await here.address(visit, begun, "ada@y.test")
            assert isinstance(await here.finish(visit, step, here.code(here.mail)), Entered)
            await here.scene.flows.deliveries.carrier.recover()
            told = {letter.to for letter in here.mail.letters if "/disown?t=" in letter.text}
            assert told == {"ada@x.test", "ada@y.test"}
            assert not here.texts.letters
