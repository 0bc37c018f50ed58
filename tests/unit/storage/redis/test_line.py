"""The line to one server: what is down costs nobody anything."""

import asyncio
import time
from typing import cast

import pytest
from redis.asyncio import ConnectionPool, Redis
from structlog.testing import capture_logs

from sidecar.storage.redis.clients import AT_ONCE, Client, client
from sidecar.storage.redis.line import Line, RedisDown
from tests import redis
from tests.faults.line import line as between
from tests.redis import part
from tests.tools.ports import free_ports


class Seconds:
    """Seconds that pass when the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def line(server: redis.Redis, seconds: Seconds, **words: object) -> Line:
    section = server.part(**words)
    timeout_s = section.timeout.total_seconds()
    return Line(client(section, section.address[0]), timeout_s, seconds)


async def test_a_server_that_is_down_is_asked_once() -> None:
    """A dead server shows one failure, then refusals without asking, then one who tries for all."""
    seconds = Seconds()
    with redis.serving() as server:
        asked = line(server, seconds)
        assert await asked.ask("PING")
        with capture_logs() as logs:
            with server.away():
                for message in ("Redis fails: ConnectionError", *["Redis is down"] * 9):
                    with pytest.raises(RedisDown, match=message):
                        await asked.ask("PING")
                seconds.now += 0.25
                with pytest.raises(RedisDown, match="ConnectionRefusedError"):
                    await asked.ask("PING")
            seconds.now += 2
            assert await asked.ask("PING")
        assert [entry["event"] for entry in logs] == ["redis.fails", "redis.answers"]
        await asked.close()


async def test_a_silent_server_costs_the_time_once(redis_server: redis.Redis) -> None:
    """A hundred who ask a server that answers nobody show to wait together for one time-out."""
    asked = line(redis_server, Seconds(), timeout="100ms")
    await asked.ask("PING")
    with redis_server.silent():
        before = time.monotonic()
        told = await asyncio.gather(
            *(asked.ask("PING") for _ in range(100)), return_exceptions=True
        )
        assert time.monotonic() - before < 3
    assert all(isinstance(one, RedisDown) for one in told)
    await asked.close()


async def test_what_leads_nowhere_is_left_at_once(redis_server: redis.Redis) -> None:
    """Connections that a firewall forgot show one failure, and all who ask next answered over new
    ones.
    """
    section, seconds = redis_server.part(timeout="500ms"), Seconds()
    (port,) = free_ports(1)
    async with between(redis_server.port, port) as way:
        asked = Line(client(section, f"127.0.0.1:{port}"), 0.5, seconds)
        await asyncio.gather(*(asked.ask("PING") for _ in range(100)))
        assert way.connections > 2
        way.forget()
        with pytest.raises(RedisDown, match="TimeoutError"):
            await asked.ask("PING")
        seconds.now += 1
        assert await asked.ask("PING")
        await asyncio.gather(*(asked.ask("PING") for _ in range(100)))
        await asked.close()


async def test_a_master_that_is_one_no_more_is_left() -> None:
    """A server that takes no change shows the next question asked over a new connection: its name
    may lead to another by then.
    """
    with redis.serving() as server:
        seconds = Seconds()
        asked = line(server, seconds, timeout="5s")
        before = await asked.ask("CLIENT", "ID")
        server.say("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(RedisDown, match="ReadOnlyError"):
            await asked.ask("SET", "x", "y")
        seconds.now += 1
        assert await asked.ask("CLIENT", "ID") != before
        await asked.close()


async def test_connections_are_few(redis_server: redis.Redis) -> None:
    """A hundred questions at once show all answered, by a few connections."""
    asked = line(redis_server, Seconds(), timeout="5s")
    await asyncio.gather(*(asked.ask("ECHO", "x") for _ in range(100)))
    told = await asked.ask("CLIENT", "LIST")
    connections = bytes(told).decode().count("cmd=echo") if isinstance(told, bytes) else -1
    assert 0 <= connections <= AT_ONCE
    await asked.close()


async def test_who_gives_up_decides_nothing(redis_server: redis.Redis) -> None:
    """A question that was cut off shows the next one answered, and its own answer only."""
    asked = line(redis_server, Seconds(), timeout="5s")
    for number in range(20):
        cut = asyncio.get_running_loop().create_task(asked.ask("ECHO", "cut"))
        await asyncio.sleep(0.0001 * number)
        cut.cancel()
        await asyncio.gather(cut, return_exceptions=True)
        assert await asked.ask("ECHO", str(number)) == str(number).encode()
    await asked.close()


async def test_a_refusal_repeats_nothing_of_what_was_sent(redis_server: redis.Redis) -> None:
    """A command that the server does not know shows neither its words nor the server's."""
    asked = line(redis_server, Seconds())
    with capture_logs() as logs, pytest.raises(RedisDown) as told:
        await asked.ask("NONSENSE", "the secret")
    assert "secret" not in f"{told.value}{told.value.__cause__}{logs}"
    await asked.close()


async def test_nobody_listens() -> None:
    """An address where nobody is shows Redis down."""
    with redis.serving() as server:
        port = server.port
    section = part(port)
    asked = Line(client(section, section.address[0]), 1, Seconds())
    with pytest.raises(RedisDown):
        await asked.ask("PING")
    await asked.close()


async def test_a_connection_closed_beneath_a_write_is_a_server_that_fails() -> None:
    """What uvloop raises where a reset came first shows as a Redis that is down."""

    class Torn:
        connection_pool = ConnectionPool()

        async def execute_command(self, *_words: object) -> object:
            raise RuntimeError("unable to perform operation on <TCPTransport>; it is closed")

    async def close() -> None:
        """There is nothing to close."""

    asked = Line(Client(cast("Redis", Torn()), close), 1, Seconds())
    with pytest.raises(RedisDown, match="RuntimeError"):
        await asked.ask("PING")
