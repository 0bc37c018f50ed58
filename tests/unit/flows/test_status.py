"""Where a person stands now."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import ResponseRejected
from sidecar.core.model import Level, Standing
from sidecar.flows.status import Locked, Ready, status_of
from sidecar.flows.switching import Switching
from tests.conformance.stores import authenticator
from tests.unit.flows.scene import ADA, GRACE, Scene


async def test_nobody_and_a_newcomer_stand_alike(here: Scene) -> None:
    """Somebody unknown and somebody invited show a newcomer who can prove nothing."""
    await here.people.invite(GRACE, "desk")
    for person in (ADA, GRACE):
        found = await status_of(here.kit, person)
        assert found.standing is Standing.NEVER_ENROLLED
        assert (found.ready, found.level, found.locked) == ((), Level.ONE_FACTOR, ())
        assert (found.codes_left, found.sessions) == (0, 0)
    async with here.store.read() as tx:
        assert await tx.accounts.get(ADA) is None


async def test_somebody_enrolled(here: Scene) -> None:
    """An app and seven of eight codes show as ready, the last used first, with browsers that
    proved something counted, and those that proved nothing not.
    """
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    begun = await here.flows.challenges.begin(visit, "backup_codes")
    await here.flows.challenges.answer(visit, begun.id, {"code": phone.codes[0]})
    await here.enter()
    found = await status_of(here.kit, ADA)
    assert found.standing is Standing.ENROLLED
    assert found.ready == (
        Ready("totp", Level.TWO_FACTOR),
        Ready("backup_codes", Level.TWO_FACTOR),
    )
    assert (found.level, found.codes_left, found.sessions) == (Level.TWO_FACTOR, 7, 1)
    here.clock.now += here.kit.times.idle + timedelta(seconds=1)
    assert (await status_of(here.kit, ADA)).sessions == 0


async def test_whoever_is_switched_off_can_prove_nothing(here: Scene) -> None:
    """Somebody disabled shows recovery, nothing ready and no session, and codes that are there."""
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    await Switching(here.store, here.clock).switch(ADA, "desk", on=False)
    found = await status_of(here.kit, ADA)
    assert (found.standing, found.ready) == (Standing.RECOVERY_NEEDED, ())
    assert (found.codes_left, found.sessions, found.exempt) == (8, 0, False)


async def test_used_up_tries_show_and_none_is_used_by_looking(here: Scene) -> None:
    """Five wrong codes of a stranger show how long they must wait, however often one looks; the
    person's own browser is not closed.
    """
    _, phone = await here.enroll()
    visit, _ = await here.enter()
    for _ in range(5):
        with pytest.raises(ResponseRejected):
            await here.fail(visit, phone)
    here.clock.travel(seconds=60)
    for _ in range(10):
        assert (await status_of(here.kit, ADA)).locked == (
            Locked("totp", known=False, retry_after_s=240),
        )
    here.clock.travel(seconds=240)
    assert (await status_of(here.kit, ADA)).locked == ()


async def test_what_is_held_says_until_when(here: Scene) -> None:
    """A factor that gives less for a while shows what it gives now, and from when it gives all."""
    until = here.clock() + timedelta(hours=24)
    held = replace(authenticator(), person=ADA, held_until=until, held_level=Level.ONE_FACTOR)
    async with here.store.begin() as tx:
        await tx.authenticators.add(held)
        await tx.accounts.mark_enrolled(ADA, here.clock())
    assert (await status_of(here.kit, ADA)).ready == (Ready("totp", Level.ONE_FACTOR, until),)
    here.clock.now = until
    assert (await status_of(here.kit, ADA)).ready == (Ready("totp", Level.TWO_FACTOR),)
