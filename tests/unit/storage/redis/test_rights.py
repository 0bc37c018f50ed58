"""The rights that the documentation gives our user: enough, and no more than are used."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import TooManyAttempts
from sidecar.core.volume import Bucket
from sidecar.storage.redis.bell import RedisBell
from sidecar.storage.redis.limiter import RedisLimiter
from tests import redis
from tests.conformance.stores import ADA, NOW, RING, Travel, proof, session, sqlite_file, token
from tests.unit.storage.redis.keeping import keeping

PAGE = Path(__file__).parents[4] / "docs" / "operations.md"
PASSWORD = "PASSWORD"
MAILS = Bucket("mails", 1, timedelta(minutes=1))


def rights() -> list[str]:
    """Return what the page gives the user, word for word."""
    (line,) = re.findall(r"^ *user sidecar (on .+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return str(line).split()


def commands() -> list[str]:
    return [word for word in rights() if word.startswith("+")]


async def everything(server: redis.Redis, folder: Path) -> None:
    """All that is ever done in Redis is done, by our user."""
    section = server.part(username="sidecar", password=PASSWORD, prefix="sidecar", timeout="5s")
    async with keeping(sqlite_file(folder), section) as kept:
        await kept.redis.ping()
        limiter = RedisLimiter(kept.redis, RING, Travel())
        await limiter.take(MAILS, "ada")
        with pytest.raises(TooManyAttempts):
            await limiter.take(MAILS, "ada")
        bell = RedisBell(section, kept.redis)
        await bell.wait(0.5)
        await bell.ring()
        await bell.wait(2)
        await bell.close()
        async with kept.store.begin(ADA) as tx:
            await tx.sessions.add(session(), token("old"))
        async with kept.store.begin(ADA) as tx:
            which = session().id
            await tx.sessions.elevate(which, proof(), token("new"), login="x", now=NOW)
            await tx.sessions.touch(which, NOW + timedelta(minutes=1))
        async with kept.store.begin(ADA) as tx:
            await tx.sessions.end(ADA, None)


async def test_the_rights_are_what_is_used(tmp_path: Path) -> None:
    """A user with the rights of the page shows nothing refused, and each of them used."""
    with redis.serving() as server:
        server.say("ACL", "SETUSER", "sidecar", *rights())
        await everything(server, tmp_path)
        log = server.say("ACL", "LOG")
        assert set(re.findall(r"object\r\n\$\d+\r\n(\S+)", log)) <= {"client|setinfo"}
        used = set(re.findall(r"cmdstat_([a-z]+):", server.say("INFO", "commandstats")))
        assert used - {"acl", "info", "auth"} == {word[1:] for word in commands()}
