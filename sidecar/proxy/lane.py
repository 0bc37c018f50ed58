"""The way to one application: its connections, and the requests that wait for one."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.core.errors import UpstreamBusy
from sidecar.proxy.address import Address
from sidecar.proxy.addresses import Addresses
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.upstream import Upstream


@dataclass(frozen=True, slots=True)
class PoolState:
    """What is open to an application, and what is held against its addresses, at this moment."""

    idle: int
    """Connections that no request uses."""
    taken: int
    """Connections that a request uses, or that are being made for one."""
    waiting: int
    """Requests that wait for a connection."""
    up: int
    """Addresses that are asked."""
    down: int
    """Addresses that are set aside."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    """A request whose turn comes when the future is done."""

    turn: asyncio.Future[UpstreamConnection | None]
    """A connection that was given back, or a place to make one in."""
    fresh: bool


class Lane:
    """Lends each connection to one request at a time, and opens no more than are allowed.

    A place is the right to have one connection open: an idle one, a taken one, or one that is
    being made. While somebody waits, every place is used and no connection is idle, and whatever
    becomes free goes to whoever waits longest: so nobody is overtaken.
    """

    __slots__ = (
        "_addresses",
        "_broken",
        "_clock",
        "_taken",
        "_used",
        "_waiting",
        "upstream",
    )

    def __init__(
        self, upstream: Upstream, addresses: Sequence[Address], clock: Callable[[], float]
    ) -> None:
        self.upstream = upstream
        self._addresses = Addresses(upstream, addresses, clock)
        self._clock = clock
        self._taken: dict[UpstreamConnection, Address] = {}
        self._used = 0
        """Places."""
        self._waiting: deque[_Waiter] = deque()
        self._broken: Address | None = None
        """Where a request broke last: repeated, it goes elsewhere if it can."""

    @property
    def state(self) -> PoolState:
        kept = [connection for address in self._addresses for connection in address.idle]
        down = [address.health.set_aside for address in self._addresses]
        return PoolState(
            idle=sum(connection.connected for connection in kept),
            taken=self._used - len(kept),
            waiting=len(self._waiting),
            up=len(down) - sum(down),
            down=sum(down),
        )

    # --- to take one ---------------------------------------------------------------------------

    def idle(self) -> UpstreamConnection | None:
        """Return an idle connection to the address that is next, if there is one; now it is taken.

        An address that is due for a trial is tried by a new connection: what was open to it before
        says nothing.
        """
        only = self._addresses.only
        if only is not None:
            return self._reuse(only)
        ready = self._addresses.ready()
        return self._reuse(ready[0]) if ready and not ready[0].health.set_aside else None

    async def take(self, *, fresh: bool) -> UpstreamConnection:
        """Return a connection that nobody else uses; a `fresh` one has carried no request.

        Raises:
            UpstreamBusy: the limits are reached, and nothing became free in time.
            UpstreamUnreachable: refused, not resolved, or not trusted, at every address.
            UpstreamTimedOut: it did not take the connection in time.

        """
        avoided = self._broken if fresh else None
        found = None if fresh else self.idle()
        found = found or await self._place(fresh=fresh)
        return found or await self._connect(avoided)

    async def _connect(self, avoided: Address | None) -> UpstreamConnection:
        loop = asyncio.get_running_loop()

        def made() -> UpstreamConnection:
            return UpstreamConnection(self.upstream, loop)

        try:
            connection, address = await self._addresses.connect(made, avoided)
        except BaseException:
            self._vacate()
            raise
        self._lend(connection, address)
        return connection

    async def _place(self, *, fresh: bool) -> UpstreamConnection | None:
        """Return a connection; or None: a place to make one in is ours."""
        most = self.upstream.max_connections
        full = most is not None and self._used >= most
        if full and not self._waiting:
            if (found := self._spare(fresh=fresh)) is not None:
                return found
            full = most is not None and self._used >= most
        if full:
            return await self._wait(fresh=fresh)
        self._used += 1
        return None

    def _spare(self, *, fresh: bool) -> UpstreamConnection | None:
        """Where every place is used, an idle connection is as good as one to a better address.

        If it is not, the one that was idle for longest makes room.
        """
        good = (at for at in self._addresses.ready() if not (fresh or at.health.set_aside))
        for address in good:
            if (found := self._reuse(address)) is not None:
                return found
        kept = [address.idle for address in self._addresses if address.idle]
        if kept:
            self._discard(min(kept, key=lambda idle: idle[0].idle_since).popleft())
        return None

    async def _wait(self, *, fresh: bool) -> UpstreamConnection | None:
        if len(self._waiting) >= self.upstream.max_pending:
            raise UpstreamBusy(self.upstream.name)
        waiter = _Waiter(asyncio.get_running_loop().create_future(), fresh)
        self._waiting.append(waiter)
        try:
            await asyncio.wait((waiter.turn,), timeout=self.upstream.connect_timeout_s)
        except asyncio.CancelledError:
            self._renounce(waiter)
            raise
        if not waiter.turn.done():
            self._waiting.remove(waiter)
            raise UpstreamBusy(self.upstream.name)
        connection = waiter.turn.result()
        if connection is None or connection.usable():
            return connection
        self._settle(connection)  # it ended on its way here: its place is ours
        connection.drop()
        return None

    def _renounce(self, waiter: _Waiter) -> None:
        """Nobody waits there any more; a turn that had just come goes to the next one."""
        if not waiter.turn.done():
            self._waiting.remove(waiter)
            return
        connection = waiter.turn.result()
        address = self._settle(connection) if connection is not None else None
        if connection is None or address is None:
            self._vacate()
        else:
            self._offer(connection, address)

    # --- to give one back ----------------------------------------------------------------------

    def give(self, connection: UpstreamConnection, *, whole: bool) -> None:
        """The connection is kept, or it ends and its place is free."""
        address = self._settle(connection)
        if address is None:
            return
        if address.health.failures and connection.busy and connection.heard:
            self._addresses.succeeded(address)
        if whole and self.upstream.idle_s and connection.clean():
            connection.busy = False
            self._offer(connection, address)
        else:
            connection.drop()
            self._vacate()

    def blame(self, connection: UpstreamConnection) -> None:
        """The connection broke, or was late, before it answered: it ends, and its address pays.

        That an idle connection was closed just as a request came is nobody's fault.
        """
        address = self._settle(connection)
        if address is None:
            return
        self._broken = address
        if connection.connected or connection.heard or not connection.reused:
            self._addresses.failed(address, connection)
        connection.drop()
        self._vacate()

    def sweep(self, now: float) -> None:
        """Connections that were idle for too long are closed, oldest first."""
        for address in self._addresses:
            while address.idle and now - address.idle[0].idle_since > self.upstream.idle_s:
                self._discard(address.idle.popleft())

    def close(self) -> None:
        """No connection is open any more; those that are taken are given back by their users."""
        for address in self._addresses:
            while address.idle:
                self._discard(address.idle.pop())
        for connection in self._taken:
            connection.drop()

    # --- connections and places ----------------------------------------------------------------

    def _reuse(self, address: Address) -> UpstreamConnection | None:
        while address.idle:
            connection = address.idle.pop()
            if connection.usable():
                connection.reused = True
                self._lend(connection, address)
                return connection
            self._discard(connection)
        return None

    def _lend(self, connection: UpstreamConnection, address: Address) -> None:
        self._taken[connection] = address
        address.pending += 1
        if self._addresses.only is None:
            self._addresses.used(address)

    def _settle(self, connection: UpstreamConnection) -> Address | None:
        """The connection is not taken any more; return its address, or None if it never was."""
        address = self._taken.pop(connection, None)
        if address is not None:
            address.pending -= 1
        return address

    def _offer(self, connection: UpstreamConnection, address: Address) -> None:
        """A clean connection is for whoever waits longest, or else idle."""
        if not self._waiting:
            connection.idle_since = self._clock()
            address.idle.append(connection)
        elif self._waiting[0].fresh:
            connection.drop()
            self._vacate()
        else:
            connection.reused = True
            self._lend(connection, address)
            self._waiting.popleft().turn.set_result(connection)

    def _vacate(self) -> None:
        """A place is for whoever waits longest, or else free."""
        if self._waiting:
            self._waiting.popleft().turn.set_result(None)
        else:
            self._used -= 1

    def _discard(self, connection: UpstreamConnection) -> None:
        """An idle connection ends; nobody waits for its place, or it would not be idle."""
        connection.drop()
        self._used -= 1
