"""A listening socket: its connections, their limits, and how it closes without losing answers."""

import asyncio
import ssl as tls
from email.utils import format_datetime
from typing import Final

import structlog

from sidecar.clock import utc_now
from sidecar.core.protocols import Clock
from sidecar.metrics.ledger import Ledger, Names
from sidecar.metrics.worker import Metrics
from sidecar.proxy import parser_guard
from sidecar.proxy.client import Shared
from sidecar.proxy.front import Front
from sidecar.proxy.limits import Limits
from sidecar.proxy.mount import Pages
from sidecar.proxy.pool import Pool
from sidecar.proxy.verdicts import Judge

BACKLOG: Final = 1024
HANDSHAKE_S: Final = 10

log = structlog.get_logger()


class Listener:
    """Serves one address until it is drained or closed."""

    def __init__(
        self,
        judge: Judge,
        pool: Pool,
        pages: Pages,
        limits: Limits,
        *,
        clock: Clock = utc_now,
        metrics: Metrics | None = None,
    ) -> None:
        uncounted = Ledger(Names(upstreams=tuple(pool.state())))
        self._shared = Shared(judge, limits, metrics or Metrics(uncounted, clock))
        self._pool = pool
        self._pages = pages
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(
        self,
        host: str,
        port: int,
        ssl: tls.SSLContext | None = None,
        *,
        reuse_port: bool = False,
    ) -> None:
        """The address takes connections; port 0 is any free one.

        Raises:
            RuntimeError: aiohttp is not the one that this front was tested with.
            OSError: the address cannot be had.

        """
        loop = asyncio.get_running_loop()
        self._prepare()
        self._server = await loop.create_server(
            self._front,
            host,
            port,
            ssl=ssl,
            ssl_handshake_timeout=HANDSHAKE_S if ssl else None,
            backlog=BACKLOG,
            reuse_port=reuse_port,
        )

    async def start_unix(self, path: str) -> None:
        """The unix socket takes connections; errors as in `start`."""
        self._prepare()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._front, path, backlog=BACKLOG)

    @property
    def port(self) -> int:
        """The port that is listened on; 0 for a unix socket or none."""
        sockets = self._server.sockets if self._server is not None else ()
        name = sockets[0].getsockname() if sockets else ""
        return int(name[1]) if isinstance(name, tuple) else 0

    @property
    def connections(self) -> int:
        return len(self._shared.clients)

    @property
    def requests(self) -> int:
        """How many are being answered."""
        return len(self._shared.tasks)

    @property
    def draining(self) -> bool:
        """Whether nothing new is taken any more."""
        return self._shared.draining

    async def drain(self, timeout_s: float) -> None:
        """Nothing new was taken, what was begun was finished within the time, the rest was cut."""
        self._shared.draining = True
        self._stop_listening()
        for client in tuple(self._shared.clients):
            client.settle()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._shared.clients or self._shared.tasks:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await asyncio.sleep(min(left, self._shared.limits.sweep_s))
        await self.close()

    async def close(self) -> None:
        """No connection and no task of this listener is left."""
        self._stop_listening()
        cut = len(self._shared.clients)
        for client in tuple(self._shared.clients):
            client.break_off()
        tasks = tuple(self._shared.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports call connection_lost on the next turn
        if self._sweeper is not None:
            self._sweeper.cancel()
        if cut:
            log.info("listener.cut", connections=cut, tasks=len(tasks))

    def _front(self) -> Front:
        return Front(self._shared, self._pool, self._pages)

    def _prepare(self) -> None:
        if faults := parser_guard.faults():
            raise RuntimeError("; ".join(faults))
        self._sweep()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _sweep(self) -> None:
        """Deadlines are looked at; one timer for all, instead of one per request."""
        loop = asyncio.get_running_loop()
        self._shared.date = format_datetime(self._clock(), usegmt=True).encode("ascii")
        now = loop.time()
        for client in tuple(self._shared.clients):
            client.tick(now)
        self._pool.sweep(now)
        self._sweeper = loop.call_later(self._shared.limits.sweep_s, self._sweep)
