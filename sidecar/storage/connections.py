"""Which connections to a server are used still: none that it, or the way to it, has left."""

import math
import socket
import time
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

QUIET_S: Final = 1.0
"""A connection that was used since is taken to be there; another one is asked first."""
PING_S: Final = 1.0
"""So long it may take to say that it is."""
_KEPT_ALIVE: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds of silence, seconds between questions, and how many of them: in half a minute the kernel
knows that an idle connection leads nowhere, and tells us before somebody needs it."""

_MADE: Final = "sidecar.made"
_USED: Final = "sidecar.used"


class Connections:
    """The connections of one process to one server, in however many pools.

    Where one of them is left without an answer, so are all that were made before: each would else
    be waited for in turn.
    """

    def __init__(self) -> None:
        self._left_at = -math.inf

    def watch(self, engine: AsyncEngine) -> None:
        """Every connection of the engine is looked at before it is used."""
        pool = engine.sync_engine
        event.listen(pool, "connect", self._made)
        event.listen(pool, "checkout", self._wanted)
        event.listen(pool, "invalidate", self._invalid)
        event.listen(pool, "close", self._closing)

    def leave(self) -> None:
        """No connection that there is now is used again."""
        self._left_at = time.monotonic()

    def _made(self, connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info[_MADE] = entry.info[_USED] = time.monotonic()
        _keep_alive(connection.driver_connection)

    def _wanted(
        self,
        connection: DBAPIConnection,
        entry: ConnectionPoolEntry,
        _proxy: PoolProxiedConnection,
    ) -> None:
        """Let the pool make another one in the place of what leads nowhere."""
        self._closing(connection, entry)
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        if time.monotonic() - entry.info[_USED] > QUIET_S:
            self._ask(connection)
        entry.info[_USED] = time.monotonic()

    def _closing(self, connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        """Nobody says good-bye to a server that will not answer."""
        if entry.info.get(_MADE, -math.inf) <= self._left_at:
            connection.driver_connection.terminate()

    def _ask(self, connection: Any) -> None:  # noqa: ANN401 - the adapter has no public type
        try:
            connection.run_async(lambda driver: driver.execute("SELECT", timeout=PING_S))
        except Exception as silent:  # whatever it says, it is not used
            if isinstance(silent, TimeoutError):
                self.leave()
            connection.driver_connection.terminate()
            raise DisconnectionError from silent

    def _invalid(
        self,
        _connection: DBAPIConnection,
        _entry: ConnectionPoolEntry,
        why: BaseException | None,
    ) -> None:
        """Somebody waited in vain, or met a server that takes no change: the others would too."""
        if why is not None and not isinstance(why, DisconnectionError):
            self.leave()


def _keep_alive(driver: Any) -> None:  # noqa: ANN401 - the driver has no public name for its socket
    transport = getattr(driver, "_transport", None)
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is None or found.family == getattr(socket, "AF_UNIX", None):
        return
    with suppress(OSError):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEPT_ALIVE.items():
            if hasattr(socket, name):
                found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
