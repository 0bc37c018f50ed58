"""Twin of sidecar/proxy/addresses.py."""

import asyncio
from collections.abc import Callable

import pytest

from sidecar.core.errors import UpstreamTimedOut, UpstreamUnreachable
from sidecar.proxy.addresses import Addresses
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.health import FAILURES
from sidecar.proxy.upstream import Upstream
from tests.unit.proxy.lines import HUNG_S, Stop, Watch, settle


class Town:
    """Three addresses, a clock, and what chooses between them."""

    def __init__(self, connect_timeout_s: float = HUNG_S) -> None:
        self.upstream = Upstream("app", "http://app", connect_timeout_s=connect_timeout_s)
        self.stops = (Stop(), Stop(), Stop())
        self.watch = Watch()
        self.addresses = Addresses(self.upstream, self.stops, self.watch)

    def made(self) -> Callable[[], UpstreamConnection]:
        loop = asyncio.get_running_loop()
        return lambda: UpstreamConnection(self.upstream, loop)

    async def connect(self, avoided: Stop | None = None) -> int:
        """Return the number of the address that took the connection."""
        _, address = await self.addresses.connect(self.made(), avoided)
        self.addresses.used(address)
        return [address is stop for stop in self.stops].index(True)

    def set_aside(self, *numbers: int) -> None:
        for number in numbers:
            for _ in range(FAILURES):
                self.stops[number].health.failed(self.watch(), trial=False)


async def test_turns() -> None:
    """Shows that equals take turns, and that the one with the fewest requests comes first."""
    town = Town()
    assert [await town.connect() for _ in range(6)] == [0, 1, 2, 0, 1, 2]
    town.stops[0].pending, town.stops[1].pending = 2, 1
    assert [await town.connect() for _ in range(2)] == [2, 2]
    town.stops[2].pending = 1
    assert [await town.connect() for _ in range(3)] == [1, 2, 1]


async def test_the_next_address_takes_what_one_refuses() -> None:
    """Shows that a connection that is not made is made elsewhere, and who refused is told."""
    town = Town()
    town.stops[0].error = ConnectionRefusedError()
    town.stops[1].error = OSError("no such host")
    assert await town.connect() == 2
    assert [stop.health.failures for stop in town.stops] == [1, 1, 0]
    assert [stop.pending for stop in town.stops] == [0, 0, 0]


async def test_all_refuse() -> None:
    """Shows that the failure is the last one's, once each address was tried once."""
    town = Town()
    for stop in town.stops:
        stop.error = ConnectionRefusedError()
    town.stops[2].error = TimeoutError()
    with pytest.raises(UpstreamTimedOut) as caught:
        await town.connect()
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert [stop.attempts for stop in town.stops] == [1, 1, 1]
    with pytest.raises(UpstreamUnreachable, match="app"):
        await town.connect(avoided=town.stops[1])


async def test_one_that_hangs_leaves_the_others_their_share() -> None:
    """Shows that the time to connect is shared, so that a silent address costs no request."""
    town = Town(connect_timeout_s=0.09)
    town.stops[0].held = []
    assert await town.connect() == 1
    assert town.stops[0].health.failures == 1


async def test_no_more_time() -> None:
    """Shows that an address is not tried, nor blamed, when the time is over."""
    town = Town(connect_timeout_s=1)
    town.stops[0].error = TimeoutError()
    town.stops[0].held = []
    taking = asyncio.ensure_future(town.connect())
    await settle()
    town.watch.now += 1
    town.stops[0].held[0].set_result(None)
    with pytest.raises(UpstreamTimedOut):
        await taking
    assert [stop.attempts for stop in town.stops] == [1, 0, 0]


async def test_set_aside_and_back() -> None:
    """Shows that an address that is set aside gets one trial when it is due, and then its turn."""
    town = Town()
    town.set_aside(0)
    assert [await town.connect() for _ in range(4)] == [1, 2, 1, 2]
    town.watch.now += 1
    assert [await town.connect() for _ in range(3)] == [0, 1, 2]
    town.addresses.succeeded(town.stops[0])
    assert [await town.connect() for _ in range(3)] == [0, 1, 2]


async def test_a_trial_that_fails() -> None:
    """Shows that a failed trial costs the visitor nothing and doubles the pause."""
    town = Town()
    town.set_aside(0)
    town.stops[0].error = ConnectionRefusedError()
    for pause, tried in ((1, 1), (1, 1), (1, 2), (3, 2), (1, 3)):
        town.watch.now += pause
        assert await town.connect() in (1, 2)
        assert town.stops[0].attempts == tried


async def test_a_trial_that_breaks_later() -> None:
    """Shows that only the trial's own failure lengthens the pause."""
    town = Town()
    other, _ = await town.addresses.connect(town.made(), None)
    town.set_aside(0)
    town.watch.now += 1
    trial, address = await town.addresses.connect(town.made(), None)
    assert address is town.stops[0]
    town.addresses.failed(address, other)
    assert address.health.pause_s == 1
    town.addresses.failed(address, trial)
    assert address.health.pause_s == 2


async def test_all_are_set_aside() -> None:
    """Shows that it is tried all the same, where a trial is due first, and that one may win."""
    town = Town()
    for number in (2, 0, 1):
        town.set_aside(number)
        town.watch.now += 0.1
    town.stops[2].error = ConnectionRefusedError()
    assert await town.connect() == 0
    assert town.stops[2].health.pause_s == 1
    assert [stop.attempts for stop in town.stops] == [1, 0, 1]


async def test_a_good_address_is_tried_first_then_one_set_aside() -> None:
    """Shows that the last address that works is found, even if it is thought not to."""
    town = Town()
    town.set_aside(1, 2)
    town.stops[0].error = town.stops[1].error = ConnectionRefusedError()
    assert await town.connect() == 2


async def test_avoided() -> None:
    """Shows that a request is repeated at another address, or at the same one if it must be."""
    town = Town()
    assert await town.connect(avoided=town.stops[0]) == 1
    town.set_aside(1, 2)
    assert await town.connect(avoided=town.stops[0]) == 0


async def test_nobody_waits_any_more() -> None:
    """Shows that an attempt that is cancelled is no failure of the address."""
    town = Town()
    town.stops[0].held = []
    taking = asyncio.ensure_future(town.connect())
    await settle()
    assert town.stops[0].pending == 1
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert (town.stops[0].pending, town.stops[0].health.failures) == (0, 0)
