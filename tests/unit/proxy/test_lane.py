"""Twin of sidecar/proxy/lane.py: single cases; test_lane_orders.py plays any order of them, and
test_lane_addresses.py has several addresses.
"""

import asyncio

import pytest

from sidecar.core.errors import UpstreamBusy, UpstreamUnreachable
from tests.unit.proxy.lines import Line, Scene, settle


async def test_last_used_first() -> None:
    """Shows that the connection that was used last is used next, so that others may end."""
    scene = Scene()
    first, second = await scene.take(), await scene.take()
    assert scene.lane.idle() is None
    for line in (first, second):
        scene.use(line)
    assert scene.lane.idle() is second
    assert (second.reused, second.busy) == (True, False)
    assert await scene.take() is first
    assert scene.held == (0, 2, 0)


async def test_fresh_means_fresh() -> None:
    """Shows that a fresh connection is a new one, even where one is idle."""
    scene = Scene()
    scene.use(await scene.take())
    line = await scene.take(fresh=True)
    assert not line.reused
    assert scene.held == (1, 1, 0)


async def test_given_back_once() -> None:
    """Shows that to give back twice, or what is not of here, does nothing."""
    scene = Scene(max_connections=2)
    line = await scene.take()
    for _ in range(2):
        scene.use(line)
        scene.lane.blame(line)
    stranger = Line(scene.upstream, asyncio.get_running_loop())
    scene.use(stranger)
    assert scene.held == (1, 0, 0)
    assert not stranger.dropped


@pytest.mark.parametrize(
    ("whole", "sound", "idle_s"), [(False, True, 15), (True, False, 15), (True, True, 0)]
)
async def test_not_kept(whole: bool, sound: bool, idle_s: float) -> None:
    """Shows that what was cut, is not clean, or is not to be kept, ends."""
    scene = Scene(idle_s=idle_s)
    line = await scene.take()
    line.sound = sound
    scene.lane.give(line, whole=whole)
    assert line.dropped
    assert scene.held == (0, 0, 0)


async def test_dead_ones_are_passed_over() -> None:
    """Shows that an idle connection that ended is neither counted nor used."""
    scene = Scene(max_connections=2)
    lines = [await scene.take() for _ in range(2)]
    for line in lines:
        scene.use(line)
    lines[1].sound = False
    assert scene.lane.state.idle == 1
    assert await scene.take() is lines[0]
    assert await scene.take() not in lines
    assert scene.held == (0, 2, 0)


async def test_the_limit_counts_idle_ones() -> None:
    """Shows that a fresh connection beyond the limit costs the one that was idle for longest."""
    scene = Scene(addresses=2, max_connections=2)
    old, new = await scene.take(), await scene.take()
    for line in (old, new):
        scene.watch.now += 1
        scene.use(line)
    await scene.take(fresh=True)
    assert (old.dropped, new.dropped) == (True, False)
    assert scene.held == (1, 1, 0)


async def test_at_the_limit_any_idle_one_will_do() -> None:
    """Shows that a connection at hand is used before one is closed for another address."""
    scene = Scene(addresses=2, max_connections=1)
    line = await scene.take()
    for _ in range(3):
        scene.use(line)
        assert await scene.take() is line


async def test_first_come_first_served() -> None:
    """Shows that those who wait get what is given back in the order in which they came."""
    scene = Scene(max_connections=1)
    line = await scene.take()
    waiting = [scene.asking() for _ in range(3)]
    await settle()
    assert scene.held == (0, 1, 3)
    for place in waiting:
        scene.use(line)
        assert scene.lane.idle() is None  # nobody overtakes
        await settle()
        assert await place is line
        assert line.reused
    assert scene.stops[0].attempts == 1


async def test_places_in_order() -> None:
    """Shows that where nothing is kept the places go round in the same order."""
    scene = Scene(max_connections=1)
    line = await scene.take()
    waiting = [scene.asking() for _ in range(3)]
    await settle()
    for number, place in enumerate(waiting, 1):
        scene.lane.give(line, whole=False)
        await settle()
        assert [one.done() for one in waiting] == [one < number for one in range(3)]
        line = await place


async def test_a_place_instead_of_a_connection() -> None:
    """Shows that whoever waits makes a connection where the one given back is of no use."""
    scene = Scene(max_connections=1)
    line = await scene.take()
    for fresh, whole in ((False, False), (True, True)):
        place = scene.asking(fresh=fresh)
        await settle()
        scene.lane.give(line, whole=whole)
        assert line.dropped
        line = await place
        assert not line.reused
    place = scene.asking()
    await settle()
    scene.use(line)
    line.sound = False  # it ends on its way to the one who waits
    assert await place is not line
    assert scene.held == (0, 1, 0)
    assert scene.stops[0].pending == 1


async def test_a_failed_attempt_leaves_its_place() -> None:
    """Shows that who waits is next when a connection is refused."""
    scene = Scene(max_connections=1)
    stop = scene.stops[0]
    stop.held, stop.error = [], ConnectionRefusedError()
    first, second = scene.asking(), scene.asking()
    await settle()
    stop.held.pop().set_result(None)
    await settle()
    assert isinstance(first.exception(), UpstreamUnreachable)
    stop.error = None
    stop.held.pop().set_result(None)
    assert isinstance(await second, Line)
    assert scene.held == (0, 1, 0)


async def test_only_so_many_wait() -> None:
    """Shows that whoever would wait behind too many others is told at once."""
    scene = Scene(max_connections=1, max_pending=1)
    line = await scene.take()
    first, second = scene.asking(), scene.asking()
    with pytest.raises(UpstreamBusy) as caught:
        await second
    assert (caught.value.status, caught.value.retry_after_s) == (503, 1)
    assert scene.held == (0, 1, 1)
    scene.use(line)
    assert await first is line


async def test_nobody_waits_for_ever() -> None:
    """Shows that whoever waited too long is told, and leaves nothing behind."""
    scene = Scene(max_connections=1, connect_timeout_s=0.02)
    line = await scene.take()
    with pytest.raises(UpstreamBusy):
        await scene.take()
    assert scene.held == (0, 1, 0)
    scene.use(line)
    assert await scene.take() is line


async def test_nobody_may_wait() -> None:
    """Shows that with no room to wait the limit is told at once."""
    scene = Scene(max_connections=1, max_pending=0)
    await scene.take()
    with pytest.raises(UpstreamBusy):
        await scene.take()


@pytest.mark.parametrize("whole", [True, False])
async def test_cancelled_as_its_turn_comes(whole: bool) -> None:
    """Shows that a turn which comes too late goes to the next one: no place is lost."""
    scene = Scene(max_connections=1)
    line = await scene.take()
    waiting = [scene.asking() for _ in range(3)]
    await settle()
    waiting[1].cancel()
    await settle()
    scene.lane.give(line, whole=whole)
    waiting[0].cancel()
    await settle()
    assert [place.cancelled() for place in waiting] == [True, True, False]
    last = await waiting[2]
    assert (last is line) == whole
    assert scene.held == (0, 1, 0)
    last_turn = scene.asking()
    await settle()
    scene.lane.give(last, whole=whole)
    last_turn.cancel()
    await settle()
    assert scene.held == (int(whole), 0, 0)


async def test_sweep() -> None:
    """Shows that what was idle for too long is closed, and its place is free."""
    scene = Scene(addresses=2, max_connections=2, idle_s=10)
    lines = [await scene.take() for _ in range(2)]
    scene.use(lines[0])
    scene.watch.now += 5
    scene.use(lines[1])
    scene.lane.sweep(scene.watch.now + 6)
    assert [line.dropped for line in lines] == [True, False]
    assert [await scene.take(fresh=True) for _ in range(2)]
    assert scene.held == (0, 2, 0)


async def test_close() -> None:
    """Shows that nothing stays open, and who has one gives it back as ever."""
    scene = Scene(max_connections=2)
    lines = [await scene.take() for _ in range(2)]
    scene.use(lines[0])
    scene.lane.close()
    assert all(line.dropped for line in lines)
    scene.lane.give(lines[1], whole=True)
    assert scene.held == (0, 0, 0)
