"""A change takes one fresh proof that was given for it, of a second factor where there is one."""

from pathlib import Path

import pytest

from sidecar.core.errors import StepUpRequired
from sidecar.flows.acting import spend
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import Scene, scene

ACTION = "authenticator.add:totp"


async def spent(here: Scene, visit: Visit) -> None:
    async with here.store.begin() as tx:
        await spend(tx, here.kit, visit, ACTION)


async def test_a_proof_for_the_action_is_used_up(here: Scene) -> None:
    """A proof for exactly the action shows that it serves once; one for something else, or of
    more than five minutes ago, serves not at all.
    """
    visit, phone = await here.enroll()
    with pytest.raises(StepUpRequired):
        await spent(here, visit)
    visit = await here.prove(visit, phone, action="authenticator.remove:x")
    with pytest.raises(StepUpRequired):
        await spent(here, visit)
    visit = await here.prove(visit, phone, action=ACTION)
    await spent(here, visit)
    with pytest.raises(StepUpRequired):
        await spent(here, visit)
    visit = await here.prove(visit, phone, action=ACTION)
    here.clock.travel(minutes=6)
    with pytest.raises(StepUpRequired):
        await spent(here, visit)


async def test_who_has_nothing_better_gives_what_they_have(tmp_path: Path) -> None:
    """Somebody whose only factor counts for nothing shows that it still serves to add another."""
    async with scene(tmp_path, discounted=frozenset({"totp"})) as here:
        visit, phone = await here.enroll()
        await spent(here, await here.prove(visit, phone, action=ACTION))
