"""What a person could prove with now."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict, RecoveryNeeded
from sidecar.core.model import Standing
from sidecar.flows.portfolio import authenticators, portfolio
from tests.unit.flows.scene import ADA, GRACE, Scene


async def test_a_newcomer_has_nothing(here: Scene) -> None:
    """An unknown and a merely invited person show that neither is more than a newcomer."""
    await here.people.invite(ADA, "desk")
    for person in (ADA, GRACE):
        found = await portfolio(here.kit, person)
        assert (found.standing, found.usable) == (Standing.NEVER_ENROLLED, ())


async def test_the_last_used_comes_first_and_spares_last(here: Scene) -> None:
    """A person with an app and codes just used shows the order in which factors are offered."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    here.clock.travel(minutes=1)
    begun = await here.flows.challenges.begin(visit, "backup_codes")
    await here.flows.challenges.answer(visit, begun.id, {"code": phone.codes[0]})
    assert (await portfolio(here.kit, ADA)).usable == ("totp", "backup_codes")


@pytest.mark.parametrize("occasion", ["disable", "suspend", "remove", "expire"])
async def test_whoever_lost_everything_is_in_recovery(here: Scene, occasion: str) -> None:
    """Each way to lose the last factor shows recovery, and never a newcomer (promise 10)."""
    await here.enroll()
    await here.move(occasion)
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE authenticators SET material = 'v1:k1:rubbish'",
        "UPDATE authenticators SET mac = 'v1:k1:00'",
        "UPDATE authenticators SET level = 3",
        "UPDATE authenticators SET status = 'unheard-of'",
        "UPDATE authenticators SET kind = 'none'",
        "DELETE FROM authenticators",
        "UPDATE two_factor_configs SET enabled = 0",
    ],
)
async def test_a_damaged_row_makes_nobody_a_newcomer(
    here: Scene, folder: Path, damage: str
) -> None:
    """Each kind of damage to the person's rows shows recovery, and no way to enroll anew."""
    await here.enroll()
    _damage(folder, damage)
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    visit, _ = await here.enter()
    with pytest.raises(Conflict):
        await here.people.invite(ADA, "desk")
    with pytest.raises(RecoveryNeeded):
        await here.flows.enrollments.begin(visit, "totp", {}, invitation="any")


@pytest.mark.parametrize(
    "damage",
    ["UPDATE two_factor_configs SET enrolled_at = NULL", "DELETE FROM two_factor_configs"],
)
async def test_whoever_holds_something_is_no_newcomer(
    here: Scene, folder: Path, damage: str
) -> None:
    """An account that forgot its enrollment shows that the authenticators speak for it."""
    await here.enroll()
    _damage(folder, damage)
    assert (await portfolio(here.kit, ADA)).standing is not Standing.NEVER_ENROLLED


async def test_a_factor_that_is_no_longer_configured_counts_for_nothing(here: Scene) -> None:
    """A configuration without the person's factor shows recovery."""
    await here.enroll()
    here.factors.pop("totp")
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED


async def test_used_up_codes_count_for_nothing(here: Scene) -> None:
    """Eight codes, all spent, show that the spare is offered no more."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    for code in phone.codes:
        here.clock.travel(minutes=2)
        begun = await here.flows.challenges.begin(visit, "backup_codes")
        await here.flows.challenges.answer(visit, begun.id, {"code": code})
    assert (await portfolio(here.kit, ADA)).usable == ("totp",)
    here.clock.now += timedelta(days=1)
    assert len(await authenticators(here.store, ADA)) == 2


def _damage(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "sidecar.db") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        assert database.execute(statement).rowcount
    database.close()
