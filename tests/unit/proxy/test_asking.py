"""Twin of sidecar/proxy/asking.py: an application that says nothing is left alone."""

import asyncio

import pytest

from sidecar.core.breaker import LONGEST_PAUSE_S
from sidecar.core.errors import UpstreamBusy, UpstreamTimedOut, UpstreamUnreachable
from sidecar.core.protocols import Asked, RawHeaders
from sidecar.proxy.asking import AT_ONCE, SILENCES, PatientAsking


class Upstream:
    """Fails as it is told to, or lets wait; counts who asked."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        assert (target, headers, timeout_s, limit_bytes) == (b"/whoami", (), 2, 9), upstream
        self.asked += 1
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return Asked(200, (), b"{}")


class Seconds:
    """A monotonic clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def ask(asking: PatientAsking, upstream: str = "shop") -> Asked:
    return await asking.ask(upstream, b"/whoami", (), timeout_s=2, limit_bytes=9)


async def test_silence_is_waited_for_by_few() -> None:
    """An application that says nothing shows asked so many times, then once for each pause, and
    everybody served once it answers; others are asked all the while.
    """
    behind, seconds = Upstream(), Seconds()
    asking = PatientAsking(behind, seconds)
    behind.fault = UpstreamTimedOut("shop")
    for _ in range(SILENCES):
        with pytest.raises(UpstreamTimedOut):
            await ask(asking)
    for _ in range(100):
        with pytest.raises(UpstreamUnreachable, match="said nothing"):
            await ask(asking)
    assert behind.asked == SILENCES
    seconds.now += LONGEST_PAUSE_S
    with pytest.raises(UpstreamTimedOut):
        await ask(asking)
    behind.fault = None
    assert (await ask(asking, "other")).status == 200
    seconds.now += LONGEST_PAUSE_S
    for _ in range(3):
        assert (await ask(asking)).status == 200


async def test_what_costs_no_time_stops_nobody() -> None:
    """Refused connections and slow single questions show that the next one is asked."""
    behind, seconds = Upstream(), Seconds()
    asking = PatientAsking(behind, seconds)
    for _ in range(3):
        for fault, times in ((UpstreamUnreachable("shop"), 20), (UpstreamTimedOut("shop"), 4)):
            behind.fault = fault
            for _ in range(times):
                with pytest.raises(type(fault)):
                    await ask(asking)
        behind.fault = None
        assert (await ask(asking)).status == 200
    assert behind.asked == 3 * 25


async def test_questions_do_not_take_every_connection() -> None:
    """More questions at once than may be show the rest refused at once, and those served."""
    behind = Upstream()
    asking = PatientAsking(behind, Seconds())
    behind.answers.clear()
    async with asyncio.TaskGroup() as tasks:
        first = [tasks.create_task(ask(asking)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamBusy):
            await ask(asking)
        behind.answers.set()
    assert {one.result().status for one in first} == {200}
    assert (await ask(asking)).status == 200
