"""Clusters: keys that move, nodes that die, and questions that find who has the answer."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.line import RedisDown
from tests import redis
from tests.redis import lent


@pytest.fixture(scope="module")
def own() -> Iterator[redis.Cluster]:
    """Lend a cluster that these tests may break."""
    with redis.cluster() as servers:
        yield servers


async def test_a_dead_node_costs_what_it_has(own: redis.Cluster) -> None:
    """With one node dead, its keys show Redis down and all others their value; all come back."""
    async with lent(own.part()) as connection:
        keys = [f"{connection.prefix}:{number}" for number in range(30)]
        await asyncio.gather(*(connection.ask("SET", key, "x") for key in keys))
        with own.without(own.nodes[1]):
            assert len(await lost(connection, keys)) in range(3, 20)
            with pytest.raises(RedisDown):
                await connection.ping()
        await redis.works(connection)


async def lost(connection: RedisConnection, keys: list[str]) -> list[str]:
    """Return those of the keys that cannot be asked for."""
    found = await asyncio.gather(
        *(connection.ask("GET", key) for key in keys), return_exceptions=True
    )
    assert all(isinstance(one, RedisDown) or one == b"x" for one in found)
    return [key for key, one in zip(keys, found, strict=True) if isinstance(one, RedisDown)]


async def test_keys_are_found_where_they_moved(redis_cluster: redis.Cluster) -> None:
    """A slot that goes to another node shows its keys before, on the way and after it."""
    source, target = redis_cluster.nodes[0], redis_cluster.nodes[2]
    async with lent(redis_cluster.part(timeout="5s")) as connection:
        key = next(f"key{n}" for n in range(1000) if redis_cluster.owner(f"key{n}") is source)
        slot = str(redis_cluster.slot(key))
        await connection.ask("SET", key, "before")
        names = [node.say("CLUSTER", "MYID").split("\r\n")[1] for node in (source, target)]
        target.say("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
        source.say("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        assert await connection.ask("GET", key) == b"before"
        source.say("MIGRATE", "127.0.0.1", str(target.port), key, "0", "5000")
        assert await connection.ask("GET", key) == b"before"
        await connection.ask("SET", key, "on the way")
        for node in (target, source, redis_cluster.nodes[1]):
            node.say("CLUSTER", "SETSLOT", slot, "NODE", names[1])
        assert await connection.ask("GET", key) == b"on the way"
        assert "on the way" in target.say("GET", key)


async def test_who_lost_a_key_is_asked_for_it_once(redis_cluster: redis.Cluster) -> None:
    """A slot that moved shows its old node asked for the key once more, and never again; one that
    neither node has shows Redis down.
    """
    source, target = redis_cluster.nodes[1], redis_cluster.nodes[2]
    section = redis_cluster.part(timeout="5s")
    async with lent(section) as connection, lent(section) as other:
        key = next(f"key{n}" for n in range(1000) if redis_cluster.owner(f"key{n}") is source)
        slot = str(redis_cluster.slot(key))
        names = [node.say("CLUSTER", "MYID").split("\r\n")[1] for node in (source, target)]
        assert await connection.ask("GET", key) is None
        source.say("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        with pytest.raises(RedisDown):
            await other.ask("GET", key)
        for node in (target, source, redis_cluster.nodes[0]):
            node.say("CLUSTER", "SETSLOT", slot, "NODE", names[1])
        source.say("CONFIG", "RESETSTAT")
        for _ in range(10):
            assert await connection.ask("GET", key) is None
        told = source.say("INFO", "commandstats")
        assert sum(map(int, re.findall(r"cmdstat_get:calls=\d+.*rejected_calls=(\d+)", told))) <= 1


async def test_the_first_addresses_may_be_dead(redis_cluster: redis.Cluster) -> None:
    """Addresses where nobody is show the next one asked; none at all shows Redis down."""
    with redis.serving() as gone:
        dead = f"127.0.0.1:{gone.port}"
    section = redis_cluster.part(timeout="5s")
    async with lent(section.model_copy(update={"address": (dead, *section.address)})) as one:
        await one.ping()
    async with lent(section.model_copy(update={"address": (dead,)})) as other:
        with pytest.raises(RedisDown):
            await other.ask("GET", "x")


async def test_a_dead_node_is_no_reason_to_ask_the_others_each_time(own: redis.Cluster) -> None:
    """A hundred questions for what a dead node has show its neighbours asked a few times only."""
    async with lent(own.part()) as connection:
        key = next(f"key{n}" for n in range(1000) if own.owner(f"key{n}") is own.nodes[2])
        await connection.ask("GET", key)
        for node in own.nodes[:2]:
            node.say("CONFIG", "RESETSTAT")
        with own.without(own.nodes[2]):
            for _ in range(100):
                with pytest.raises(RedisDown):
                    await connection.ask("GET", key)
            told = "".join(node.say("INFO", "commandstats") for node in own.nodes[:2])
        assert sum(map(int, re.findall(r"cmdstat_cluster\|slots:calls=(\d+)", told))) < 10
        await redis.works(connection)
