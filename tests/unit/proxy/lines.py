"""An application in memory: its addresses take connections, or do not, as a test says."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sidecar.proxy.address import Address
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.lane import Lane
from sidecar.proxy.upstream import Upstream

T = TypeVar("T")

HUNG_S = 60
"""A time-out that no test waits for."""


class Line(UpstreamConnection):
    """A connection without a wire."""

    __slots__ = ("dropped", "sound")

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(upstream, loop)
        self.dropped = False
        self.sound = True
        """Its application has neither ended it nor said anything unasked."""

    @property
    def connected(self) -> bool:
        return self.sound and not self.dropped

    def usable(self) -> bool:
        return self.connected

    def clean(self) -> bool:
        return self.connected

    def drop(self) -> None:
        self.dropped = True


class Stop(Address):
    """An address that makes a connection at once, fails to, or takes its time."""

    __slots__ = ("attempts", "error", "held", "lines")

    def __init__(self, url: str = "http://app") -> None:
        super().__init__(url)
        self.error: Exception | None = None
        self.held: list[asyncio.Future[None]] | None = None
        """Attempts that hang, where it is a list."""
        self.attempts = 0
        self.lines: list[Line] = []

    async def connect(self, made: Callable[[], UpstreamConnection]) -> Line:
        self.attempts += 1
        if self.held is not None:
            self.held.append(asyncio.get_running_loop().create_future())
            await self.held[-1]
        if self.error is not None:
            raise self.error
        self.lines.append(Line(made().upstream, asyncio.get_running_loop()))
        return self.lines[-1]


class Watch:
    """Loop time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def settle() -> None:
    """Everything that could go on without anybody's doing has gone on."""
    for _ in range(8):
        await asyncio.sleep(0)


class Scene:
    """A lane with as many addresses, a clock, and requests that take their time."""

    def __init__(self, addresses: int = 1, **settings: float | None) -> None:
        kept = {"connect_timeout_s": HUNG_S, **settings}
        self.upstream = Upstream("app", "http://app", **kept)  # type: ignore[arg-type]
        self.stops = [Stop() for _ in range(addresses)]
        self.watch = Watch()
        self.lane = Lane(self.upstream, self.stops, self.watch)

    async def take(self, *, fresh: bool = False) -> Line:
        taken = await self.lane.take(fresh=fresh)
        assert isinstance(taken, Line)
        return taken

    def asking(self, *, fresh: bool = False) -> asyncio.Task[Line]:
        return begun(self.take(fresh=fresh))

    def use(self, line: UpstreamConnection, *, heard: bool = True) -> None:
        """A request was on the connection; it is given back."""
        line.busy, line.heard = True, heard
        self.lane.give(line, whole=True)

    def at(self, line: Line) -> int:
        return [line in stop.lines for stop in self.stops].index(True)

    @property
    def held(self) -> tuple[int, int, int]:
        """Idle, taken and waiting."""
        state = self.lane.state
        return state.idle, state.taken, state.waiting


def begun(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    return asyncio.get_running_loop().create_task(work)
