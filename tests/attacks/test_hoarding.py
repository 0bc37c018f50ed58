"""One person's authenticators cost nobody else's requests (THREATS 67)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sidecar.core.errors import Conflict
from sidecar.core.model import AuthenticatorId
from sidecar.flows.admission import MOST_HELD, adding
from sidecar.flows.manage import removing
from tests.unit.flows.scene import Scene, quick_folder, scene

pytestmark = pytest.mark.threat(67)


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    with quick_folder() as folder:
        async with scene(folder) as made:
            yield made


async def test_nobody_hoards_authenticators(here: Scene) -> None:
    """Somebody with as many as one may have shows that no more can be begun, that spare codes can
    be made anew all the same, and that there is room again once one is removed.
    """
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    first = await here.first_of("totp")
    (one,) = [item for item in await here.held() if item.id == first]
    async with here.store.begin() as tx:
        for count in range(MOST_HELD - 2):
            await tx.authenticators.add(replace(one, id=AuthenticatorId(f"more-{count}")))
    visit = await here.prove(visit, phone, action=adding("totp"))
    with pytest.raises(Conflict, match="more"):
        await here.flows.enrollments.begin(visit, "totp", {})
    visit = await here.prove(visit, phone, action=adding("backup_codes"))
    await here.flows.enrollments.begin(visit, "backup_codes", {})
    more = AuthenticatorId("more-0")
    visit = await here.prove(visit, phone, action=removing(more))
    await here.flows.management.remove(visit, more)
    here.clock.travel(minutes=6)
    visit = await here.prove(visit, phone, action=adding("totp"))
    await here.flows.enrollments.begin(visit, "totp", {})
