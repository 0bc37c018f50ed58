"""A clock that was wrong for a while: what was counted meanwhile must not shut people out."""

from collections.abc import AsyncIterator

import pytest

from tests.attacks.sent import Place, place_in
from tests.unit.flows.scene import quick_folder


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """One process over a fresh store."""
    with quick_folder() as folder:
        async with place_in(folder) as made:
            yield made


async def test_codes_of_a_wrong_future(here: Place) -> None:
    """Codes were sent while the clock was a year ahead; shows that codes go out today."""
    visit = await here.enroll()
    here.scene.clock.travel(days=365)
    visit, _ = await here.scene.enter()
    for _ in range(3):
        await here.begin(visit)
        here.scene.clock.travel(minutes=11)
    here.scene.clock.travel(days=-366)
    visit, _ = await here.scene.enter()
    begun = await here.begin(visit)
    assert (await here.answer(visit, begun, here.code())).session.proofs
