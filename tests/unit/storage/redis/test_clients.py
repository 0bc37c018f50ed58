"""Ways to a Redis: who it proves to be, and who we are there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.line import RedisDown
from tests import redis
from tests.certificates import Authority, self_signed
from tests.redis import lent
from tests.tools.ports import free_ports

PASSWORD = "never-to-be-told"


async def answers(section: RedisPart) -> bool:
    """Tell whether Redis answers; what it does not answer tells no password."""
    async with lent(section) as connection:
        try:
            await connection.ping()
        except RedisDown as down:
            told = f"{down}{down.__cause__}"
        else:
            return True
    assert PASSWORD not in told
    return False


@contextmanager
def encrypted(folder: Path, clients: Authority) -> Iterator[redis.Redis]:
    """Lend a server on every address of this machine that proves to be two of them."""
    own, (port,) = self_signed(folder, "localhost"), free_ports(1)
    settings = {
        "port": "0",
        "bind": "0.0.0.0",
        "tls-port": str(port),
        "tls-cert-file": str(own),
        "tls-key-file": str(own),
        "tls-ca-cert-file": str(clients.path),
    }
    with redis.serving(settings=settings) as server:
        yield server


async def test_both_ends_prove_themselves(tmp_path: Path) -> None:
    """Who trusts the server by its name and has a known certificate shows to be in, alone."""
    clients = Authority(tmp_path, "clients")
    ours, strange = clients.client(), Authority(tmp_path, "strangers").client()
    with encrypted(tmp_path, clients) as server:
        trusted = {"ca_file": str(tmp_path / "test.pem")}
        said = {**trusted, "client_cert": str(ours), "client_key": str(ours)}
        assert await answers(server.part(timeout="5s", tls=said))
        assert await answers(named(server, "localhost", tls=said))
        assert not await answers(named(server, "127.0.0.2", tls=said)), "another's certificate"
        assert not await answers(server.part(timeout="5s", tls=trusted)), "no certificate of ours"
        unknown = {**trusted, "client_cert": str(strange), "client_key": str(strange)}
        assert not await answers(server.part(timeout="5s", tls=unknown)), (
            "one that the server does not know"
        )
        untrusted = {**said, "ca_file": str(clients.path)}
        assert not await answers(server.part(timeout="5s", tls=untrusted)), (
            "an authority that is not trusted"
        )
        assert not await answers(server.part()), "in clear"


def named(server: redis.Redis, host: str, **words: object) -> RedisPart:
    """Return the section by which the server is called otherwise."""
    return server.part(timeout="5s", **words).model_copy(
        update={"address": (f"{host}:{server.port}",)}
    )


async def test_users_have_their_rights(redis_server: redis.Redis) -> None:
    """A user of the access list shows to be in by name and password, and nobody by another."""
    redis_server.say("ACL", "SETUSER", "sidecar", "on", f">{PASSWORD}", "+ping")
    assert await answers(redis_server.part(username="sidecar", password=PASSWORD))
    assert not await answers(redis_server.part(username="sidecar", password="wrong"))
    assert not await answers(redis_server.part(username="nobody", password=PASSWORD))


async def test_the_server_has_one_password() -> None:
    """A server with a password shows in who has it, and nobody else."""
    with redis.serving(settings={"requirepass": PASSWORD}) as server:
        assert await answers(server.part(password=PASSWORD))
        assert not await answers(server.part())


async def test_a_socket_is_an_address(tmp_path: Path) -> None:
    """A path shows the server that listens there, in the database that was named."""
    path = str(tmp_path / "redis.sock")
    with redis.serving(settings={"unixsocket": path}) as server:
        section = server.part(database=3).model_copy(update={"address": (path,)})
        async with lent(section) as connection:
            await connection.ask("SET", "a", "b")
        assert "db3:keys=1" in server.say("INFO", "keyspace")


async def test_sentinels_name_the_master(redis_watched: redis.Watched) -> None:
    """Of two Sentinels the living one shows the way; a master unknown to them shows none."""
    with redis.serving() as gone:
        dead = f"127.0.0.1:{gone.port}"
    section = redis_watched.part()
    both = section.model_copy(update={"address": (dead, *section.address)})
    assert await answers(both)
    assert not await answers(section.model_copy(update={"service": "another"}))
    async with lent(both) as connection:
        await connection.ask("SET", f"{section.prefix}:where", "here")
    assert "here" in redis_watched.master.say("GET", f"{section.prefix}:where")
