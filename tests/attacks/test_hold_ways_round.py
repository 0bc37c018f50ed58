"""No way round the hold: whoever got one code makes no stronger factor of it at once."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.model import Authenticator, Level
from sidecar.flows.admission import adding
from sidecar.flows.kit import FirstEnrollment
from sidecar.flows.manage import removing
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Phone, Scene, scene, secret_of
from tests.unit.flows.test_hold import DAY, add_key, use, with_key

pytestmark = pytest.mark.conforms("NIST-BAA-2")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    first = FirstEnrollment("invited", None, DAY)
    async with scene(tmp_path, first=first, factors=with_key()) as made:
        yield made


async def by_key(here: Scene, visit: Visit, key: Phone, action: str) -> Visit:
    here.clock.travel(seconds=30)
    begun = await here.flows.challenges.begin(visit, "key", action=action)
    entered = await here.flows.challenges.answer(visit, begun.id, key.code(here.clock))
    return replace(visit, session=entered.session)


async def another(here: Scene, visit: Visit) -> Phone:
    begun = await here.flows.enrollments.begin(visit, "key", {})
    key = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, key.code(here.clock))
    return key


async def keys(here: Scene) -> list[Authenticator]:
    return [item for item in await here.held() if item.factor == "key"]


async def worth(here: Scene) -> Level:
    return (await portfolio(here.kit, ADA)).worth["key"]


async def test_a_held_key_vouches_for_no_other(here: Scene) -> None:
    """A second key, added with a proof of the first while that is held, shows a hold of its own,
    also from a new session, and one that begins when it was added.
    """
    visit, phone = await here.enroll()
    visit, key = await add_key(here, visit, phone)
    visit, _ = await here.enter()
    here.clock.travel(hours=23)
    await another(here, await by_key(here, visit, key, adding("key")))
    (_, second) = sorted(await keys(here), key=lambda item: item.created_at)
    assert second.held_until == here.clock() + DAY
    assert await worth(here) is Level.TWO_FACTOR


async def test_removing_and_adding_begins_the_hold_anew(here: Scene) -> None:
    """A held key that is removed and added again shows no less of a hold than before."""
    visit, phone = await here.enroll()
    visit, key = await add_key(here, visit, phone)
    here.clock.travel(hours=23)
    visit, _ = await here.enter()
    (item,) = await keys(here)
    visit = await by_key(here, visit, key, removing(item.id))
    await here.flows.management.remove(visit, item.id)
    visit, _ = await add_key(here, visit, phone)
    (item,) = await keys(here)
    assert item.held_until == here.clock() + DAY
    await here.flows.management.rename(visit, item.id, "Old key")
    await here.move("suspend")
    await here.move("resume")
    assert (await keys(here))[0].held_until == item.held_until
    assert await worth(here) is Level.TWO_FACTOR


async def test_a_session_of_before_stays_what_it_was(here: Scene) -> None:
    """A proof that a key gave while it was held shows two factors for as long as the session
    lasts, and a key added in that session is held, too.
    """
    visit, phone = await here.enroll()
    visit, key = await add_key(here, visit, phone)
    here.clock.travel(hours=23)
    visit, _ = await here.enter()
    visit = await use(here, visit, key)
    here.clock.travel(hours=2)
    visit = await here.prove(visit, phone, action=adding("key"))
    await another(here, visit)
    assert sum(item.held(here.clock()) is not None for item in await keys(here)) == 1


@pytest.mark.parametrize(
    "change",
    ["held_until = NULL", "held_level = 3", "held_until = '2020-01-01 00:00:00.000000'"],
)
async def test_whoever_writes_to_the_database_ends_no_hold(
    here: Scene, tmp_path: Path, change: str
) -> None:
    """A hold that is taken out of its row shows a key that proves nothing at all."""
    visit, phone = await here.enroll()
    await add_key(here, visit, phone)
    before = (await portfolio(here.kit, ADA)).usable
    assert "key" in before
    with closing(sqlite3.connect(tmp_path / "sidecar.db")) as raw, raw:
        changed = raw.execute(f"UPDATE authenticators SET {change} WHERE factor = 'key'")  # noqa: S608
        assert changed.rowcount == 1
    assert (await portfolio(here.kit, ADA)).usable == ("totp",)
