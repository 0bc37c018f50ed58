"""Remembered browsers are forgotten: with every change, and whenever their owner wants."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import NotFound
from sidecar.core.trusted import SeriesId
from sidecar.flows.kit import Remembering
from sidecar.flows.trusted import Forgotten
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Phone, Scene, scene
from tests.unit.flows.trusting import ANY, later, listed, recognised, remembered

Change = Callable[[Scene, Visit, Phone], Awaitable[None]]


async def _reset(here: Scene, visit: Visit, phone: Phone) -> None:
    del visit, phone
    await here.people.reset(ADA, "desk", "lost")


async def _add(here: Scene, visit: Visit, phone: Phone) -> None:
    await here.add_second(visit, phone)


async def _codes(here: Scene, visit: Visit, phone: Phone) -> None:
    await here.spare(visit, phone)


async def _suspend(here: Scene, visit: Visit, phone: Phone) -> None:
    del visit, phone
    await here.move("suspend")


async def _everywhere(here: Scene, visit: Visit, phone: Phone) -> None:
    del phone
    await here.flows.sessions.end_all(visit)


async def _hundred(here: Scene, visit: Visit, phone: Phone) -> None:
    del visit
    await here.fail_often(99, known=True)
    here.clock.travel(days=31)
    mine, _ = await here.enter(known=True)
    with pytest.raises(Exception, match="wrong"):
        await here.fail(mine, phone)


@pytest.mark.threat(64)
@pytest.mark.conforms("ASVS-7.4.3", "NIST-SB-7")
@pytest.mark.parametrize("change", [_reset, _add, _codes, _suspend, _everywhere, _hundred])
async def test_every_change_of_factors_forgets(folder: Path, change: Change) -> None:
    """Reset, another app, new codes, a suspension, a hundred failures and signing out everywhere
    show that no browser is remembered any more.
    """
    async with scene(folder, remembering=Remembering(timedelta(days=90))) as here:
        visit, phone, carried = await remembered(here)
        await change(here, visit, phone)
        assert await listed(here) == ()
        found = await here.flows.browsers.recognise(later(here, carried), ANY)
        assert found in (None, Forgotten())


async def test_forgetting_takes_no_proof(there: Scene) -> None:
    """A session without a proof shows that it can forget one browser, and all; what rested on
    them is over, what was proven goes on, and an unknown one is told.
    """
    mine, _, carried = await remembered(there)
    found = await recognised(there, later(there, carried))
    visit, _ = await there.enter()
    with pytest.raises(NotFound):
        await there.flows.browsers.forget(visit, SeriesId("unknown"))
    (browser,) = await there.flows.browsers.of(mine)
    await there.flows.browsers.forget(visit, browser.id)
    assert await there.flows.sessions.recall(found.entered.token) is None
    assert await there.flows.sessions.latest(mine.require_session()) is not None
    await there.flows.browsers.forget(visit, None)
    assert (await there.events()).count("browser.forgotten") == 2


async def test_forgetting_one_leaves_the_other(there: Scene) -> None:
    """Two remembered browsers show that the sessions of the one left go on."""
    mine, phone, carried = await remembered(there)
    other, _ = await there.enter()
    other = await there.prove(other, phone)
    second = await there.flows.browsers.remember(other)
    assert second is not None
    first_session = await recognised(there, later(there, carried))
    second_session = await recognised(there, later(there, second))
    which = there.flows.browsers.current(mine)
    await there.flows.browsers.forget(mine, which)
    assert await there.flows.sessions.recall(first_session.entered.token) is None
    assert await there.flows.sessions.recall(second_session.entered.token) is not None
