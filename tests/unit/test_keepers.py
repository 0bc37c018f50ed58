"""Twin of sidecar/keepers.py; what the keepers call is shown where it stands."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sidecar import keepers
from tests.clock import ManualClock


class Told:
    """Stands for every part but the store, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    async def follow(self) -> None:
        self.asked.add("followed")
        await asyncio.Event().wait()

    async def expire(self, _now: object) -> None:
        self.asked.add("ended")

    def sweep(self) -> None:
        self.asked.add("swept")

    async def work(self) -> None:
        self.asked.add("carried")
        await asyncio.Event().wait()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(keepers, "SWEPT_EVERY_S", 0)
    monkeypatch.setattr(keepers, "ENDED_EVERY_S", 0)
    return Told()


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_everything_is_looked_after_for_as_long_as_it_runs(told: Told) -> None:
    """The length of a block shows the feed followed, ends ended and memories swept, and
    nothing of it afterwards.
    """
    part: Any = told
    flows: Any = SimpleNamespace(
        revocations=told, live=told, sessions=told, deliveries=SimpleNamespace(carrier=told)
    )
    async with keepers.kept(flows, part, [told.follow()], clock=ManualClock()):
        await turns(5)
        assert told.asked == {"followed", "ended", "swept", "carried"}
        told.asked.clear()
        await turns(5)
        assert {"ended", "swept"} <= told.asked
    told.asked.clear()
    await turns(5)
    assert told.asked == set()


async def test_what_breaks_ends_all(told: Told) -> None:
    """A feed that cannot be followed for a reason nobody knows shows that all of it ends."""

    async def broken() -> None:
        raise LookupError

    part: Any = told
    flows: Any = SimpleNamespace(
        revocations=told, live=told, sessions=told, deliveries=SimpleNamespace(carrier=told)
    )
    with pytest.raises(ExceptionGroup):
        async with keepers.kept(flows, part, [broken()], clock=ManualClock()):
            await asyncio.sleep(60)
