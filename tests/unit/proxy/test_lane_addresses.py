"""A lane with several addresses: which one is asked, and what is held against it."""

import pytest

from sidecar.proxy.lane import PoolState
from tests.unit.proxy.lines import Scene


async def test_spread() -> None:
    """Shows that requests go where the fewest are, idle connections or not, and take turns."""
    scene = Scene(addresses=2)
    lines = [await scene.take() for _ in range(4)]
    assert [scene.at(line) for line in lines] == [0, 1, 0, 1]
    scene.use(lines[0])
    scene.use(lines[2])
    assert [scene.at(await scene.take()) for _ in range(3)] == [0, 0, 1]
    for line in (lines[1], lines[3]):
        scene.use(line)
    assert scene.lane.idle() is lines[3]


async def test_set_aside() -> None:
    """Shows that an address is not asked over old connections once it is set aside, and is again
    after it has answered.
    """
    scene = Scene(addresses=2)
    lines = [await scene.take() for _ in range(8)]
    for line in lines[6:]:
        scene.use(line)
    for line in lines[:6:2]:
        scene.lane.blame(line)
    assert (scene.lane.state.up, scene.lane.state.down) == (1, 1)
    scene.watch.now += 0.5
    assert [scene.at(await scene.take()) for _ in range(3)] == [1, 1, 1]
    scene.watch.now += 0.5
    assert scene.lane.idle() is None
    trial = await scene.take()
    assert (scene.at(trial), trial.reused) == (0, False)
    assert scene.at(await scene.take()) == 1
    scene.use(trial)
    assert scene.lane.state.down == 0
    assert scene.lane.idle() is trial


async def test_at_the_limit_an_address_set_aside_is_not_asked() -> None:
    """Shows that connections to an address that is set aside make room for better ones."""
    scene = Scene(addresses=2, max_connections=7)
    lines = [await scene.take() for _ in range(7)]
    scene.use(lines[6])
    for line in lines[:6:2]:
        scene.lane.blame(line)
    assert [scene.at(await scene.take()) for _ in range(3)] == [1, 1, 1]
    assert scene.lane.state == PoolState(idle=1, taken=6, waiting=0, up=1, down=1)
    scene.watch.now += 1
    trial = await scene.take()
    assert (scene.at(trial), trial.reused, lines[6].dropped) == (0, False, True)


@pytest.mark.parametrize(
    ("reused", "heard", "sound", "counted"),
    [
        (True, False, False, False),
        (True, True, False, True),
        (True, False, True, True),
        (False, False, False, True),
    ],
    ids=["closed-before-a-request-came", "broken-head", "late", "broken-at-once"],
)
async def test_blame(reused: bool, heard: bool, sound: bool, counted: bool) -> None:
    """Shows that an address pays for what it broke, and not for a close that met a request."""
    scene = Scene(max_connections=1)
    line = await scene.take()
    line.reused, line.heard, line.sound, line.busy = reused, heard, sound, True
    scene.lane.blame(line)
    assert scene.stops[0].health.failures == int(counted)
    assert line.dropped
    scene.lane.give(line, whole=True)
    assert scene.held == (0, 0, 0)


async def test_repeated_elsewhere() -> None:
    """Shows that a request that is repeated goes to another address than it broke at."""
    scene = Scene(addresses=2)
    for line in [await scene.take() for _ in range(2)]:
        scene.use(line)
    line = await scene.take()
    assert scene.at(line) == 0
    scene.lane.blame(line)
    await scene.take()
    assert scene.at(await scene.take(fresh=True)) == 1


async def test_an_unused_connection_says_nothing() -> None:
    """Shows that failures are forgotten for an answer only, not because of an older one."""
    scene = Scene()
    line, other = await scene.take(), await scene.take()
    scene.use(line)
    scene.lane.blame(other)
    unused = await scene.take()
    scene.lane.give(unused, whole=True)
    assert scene.stops[0].health.failures == 1
    line = await scene.take()
    scene.use(line, heard=False)
    assert scene.stops[0].health.failures == 1
    scene.use(await scene.take())
    assert scene.stops[0].health.failures == 0
