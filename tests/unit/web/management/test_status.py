"""Telling over the API where people stand."""

from collections.abc import AsyncIterator

import pytest

from sidecar.api import status as api
from sidecar.core.errors import ResponseRejected
from sidecar.web.management.call import Handlers
from sidecar.web.management.status import StatusCalls
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.web.management.desk import Desk, desk_of


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with quick_folder() as folder:
        async with scene(folder) as here, desk_of(here, api.ENDPOINTS, handlers) as opened:
            yield opened


def handlers(here: Scene) -> Handlers:
    return StatusCalls(here.kit).handlers()


async def test_somebody_unknown_has_never_enrolled(desk: Desk) -> None:
    """Somebody unknown shows 200, and every field as a newcomer's."""
    told = await desk.call(api.READ, path={"user_id": "shop:nobody"})
    assert told.said == {
        "user_id": "shop:nobody",
        "standing": "never_enrolled",
        "enabled": True,
        "exempt": False,
        "required": False,
        "enrolled_at": None,
        "factors": [],
        "level": "one_factor",
        "backup_codes_left": 0,
        "sessions": 0,
        "locked": [],
    }


async def test_somebody_enrolled_in_every_field(desk: Desk) -> None:
    """Somebody enrolled, whose tries strangers used up, shows each of these facts."""
    here = desk.scene
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    enrolled_at = here.clock()
    stranger, _ = await here.enter()
    for _ in range(5):
        with pytest.raises(ResponseRejected):
            await here.fail(stranger, phone)
    told = await desk.call(api.READ, path={"user_id": "shop:ada"})
    both = [
        {"factor": name, "level": "two_factor", "held_until": None}
        for name in ("totp", "backup_codes")
    ]
    assert told.said == {
        "user_id": "shop:ada",
        "standing": "enrolled",
        "enabled": True,
        "exempt": False,
        "required": False,
        "enrolled_at": enrolled_at.isoformat().replace("+00:00", "Z"),
        "factors": both,
        "level": "two_factor",
        "backup_codes_left": 8,
        "sessions": 1,
        "locked": [{"factor": "totp", "bucket": "strangers", "retry_after": 300}],
    }
