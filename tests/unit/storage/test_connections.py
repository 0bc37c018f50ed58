"""Connections that lead nowhere are found out, once for all of them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage import connections, reaching
from sidecar.storage import postgres as server
from sidecar.storage.connections import Connections
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.tuning import Tuning
from tests.conformance.stores import ADA, NOW, RING, Travel
from tests.faults.line import Hole, Line, line
from tests.postgres import Server
from tests.tools.ports import free_ports

FOR_EVER_S = 20.0
"""Nobody waits so long even on a busy machine; who is not left waits until the test is over."""
SHORT = Tuning(readers=2, writers=2, wait_s=0.5, statement_s=0.5)


@asynccontextmanager
async def through(postgres: Server) -> AsyncIterator[tuple[SqlStore, Line]]:
    """Open a store over a line that can break."""
    (port,) = free_ports(1)
    async with postgres.store() as url, line(postgres.port, port) as between:
        away = url.replace(f":{postgres.port}/", f":{port}/")
        store = await open_store(away, RING, Travel(), tuning=SHORT)
        try:
            yield store, between
        finally:
            await store.close()


async def why_of(store: SqlStore) -> Unserved:
    with pytest.raises(StoreUnavailable) as refused:
        await store.ping()
    return refused.value.why


async def test_silence_holds_a_transaction_no_longer_than_a_statement_may_take(
    postgres: Server,
) -> None:
    """A line that swallows everything in the middle of a transaction shows it given up in time,
    and whoever comes after the line is whole again served over new connections.
    """
    async with through(postgres) as (store, between):
        async with store.read(), store.read():
            pass

        async def write() -> None:
            async with asyncio.timeout(FOR_EVER_S), store.begin(ADA) as tx:
                between.become(Hole())
                await tx.accounts.ensure(ADA, NOW)

        with pytest.raises(StoreUnavailable) as refused:
            await write()
        assert refused.value.why is Unserved.UNREACHABLE
        assert await why_of(store) is Unserved.UNREACHABLE  # nor can anybody connect
        await between.mend()
        await asyncio.gather(store.ping(), store.ping())
        async with asyncio.timeout(FOR_EVER_S), store.begin(ADA) as tx:
            await tx.accounts.ensure(ADA, NOW)


async def test_whoever_is_cancelled_leaves_a_silent_server_too(postgres: Server) -> None:
    """A task that is cancelled while the server says nothing shows ended in time all the same."""
    async with through(postgres) as (store, between):
        await store.ping()
        between.become(Hole())
        asking = asyncio.get_running_loop().create_task(store.ping())
        await asyncio.sleep(0)
        asking.cancel()
        async with asyncio.timeout(SHORT.statement_s + reaching.LATE_S + 1):
            await asyncio.wait({asking})
        assert asking.cancelled()


async def test_quiet_connections_are_asked_before_they_are_used(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that died without a word show replaced after one short question for all."""
    monkeypatch.setattr(connections, "QUIET_S", 0.0)
    monkeypatch.setattr(connections, "PING_S", 0.5)
    left: list[Connections] = []

    class Counted(Connections):
        def leave(self) -> None:
            left.append(self)
            super().leave()

    monkeypatch.setattr(server, "Connections", Counted)
    async with through(postgres) as (store, between):
        async with store.read() as one, store.read() as two:
            await one.feed.last()
            await two.feed.last()
        between.forget()
        async with store.read() as one, store.read() as two:
            await one.feed.last()
            await two.feed.last()
        assert len(left) == 1  # one question: the other died with it


async def test_a_server_that_takes_no_changes_any_more_is_left(postgres: Server) -> None:
    """A server that became read-only shows reading go on, writing refused by that name, and
    writing again over a new connection once there is a server that takes changes.
    """
    async with postgres.store() as url:
        name = urlsplit(url).path[1:]
        store = await open_store(url, RING, Travel(), tuning=SHORT)
        try:
            await postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            with pytest.raises(StoreUnavailable) as refused:
                async with store.begin(ADA) as tx:
                    await tx.accounts.ensure(ADA, NOW)
            assert refused.value.why is Unserved.READ_ONLY
            await store.ping()
            await postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            async with store.begin(ADA) as tx:
                await tx.accounts.ensure(ADA, NOW)
        finally:
            await store.close()


async def test_the_kernel_finds_out_too(postgres: Server) -> None:
    """A connection that nobody uses shows that the kernel asks whether its other end is there."""
    async with postgres.store() as url:
        store = await open_store(url, RING, Travel())
        async with store.read() as tx:
            await tx.feed.last()
            raw = await tx.connection.get_raw_connection()
            assert raw.driver_connection is not None
            plain = raw.driver_connection._transport.get_extra_info("socket")
            kept = {
                name: plain.getsockopt(socket.IPPROTO_TCP, option)
                for name in connections._KEPT_ALIVE
                if (option := getattr(socket, name, None)) is not None
            }
            assert kept == connections._KEPT_ALIVE
        await store.close()
