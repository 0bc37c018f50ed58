"""Expensive work."""

import asyncio
import threading

from sidecar.dear import DEAR_AT_ONCE, DearWork


async def test_dear_work_runs_two_at_a_time() -> None:
    """Ten pieces of dear work at once show two running, and all of them done."""
    running_now, most, guard = 0, 0, threading.Lock()
    gate = threading.Barrier(DEAR_AT_ONCE)

    def work() -> int:
        nonlocal running_now, most
        with guard:
            running_now += 1
            most = max(most, running_now)
        gate.wait(5)
        with guard:
            running_now -= 1
        return 1

    dear = DearWork()
    async with asyncio.timeout(10):
        done = await asyncio.gather(*(dear(work) for _ in range(10)))
    assert (sum(done), most) == (10, DEAR_AT_ONCE)
