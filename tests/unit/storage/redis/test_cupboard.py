"""Where contents lie, and for how long."""

from datetime import timedelta

from sidecar.storage.redis.contents import contents_of
from sidecar.storage.redis.cupboard import Cupboard
from sidecar.storage.vault import Vault
from tests import redis
from tests.conformance.stores import NOW, RING, Travel, session, token
from tests.redis import lent

CONTENTS = contents_of(session(), token("t"))
HOUR_MS = 3_600_000


async def test_contents_lie_there_as_long_as_they_are_of_use(redis_server: redis.Redis) -> None:
    """What is put shows itself and its token, goes by itself, and at once when it is removed."""
    async with lent(redis_server.part(timeout="5s")) as connection:
        cupboard = Cupboard(connection, Vault(RING, "here"), Travel())
        await cupboard.put("s1", "x", CONTENTS, NOW + timedelta(hours=1))
        assert await cupboard.find(token("t")) == "s1"
        assert await cupboard.find(token("u")) is None
        assert await cupboard.read("s1", "x") == CONTENTS
        assert await cupboard.read("s1", "y") is None
        keys = (f"{connection.prefix}:session:s1:x", f"{connection.prefix}:token:{token('t')}")
        lives = [await connection.ask("PTTL", key) for key in keys]
        assert all(isinstance(life, int) and HOUR_MS - 60_000 < life <= HOUR_MS for life in lives)
        await cupboard.outlive("s1", "x", CONTENTS, NOW + timedelta(hours=2))()
        longer = await connection.ask("PTTL", keys[0])
        assert isinstance(longer, int)
        assert longer > HOUR_MS
        await cupboard.remove([("s1", "x")])()
        assert await cupboard.read("s1", "x") is None
        await cupboard.amend("s1", "x", CONTENTS)
        assert await cupboard.read("s1", "x") is None


async def test_tidying_up_never_fails() -> None:
    """With Redis gone, what makes room shows no error."""
    with redis.serving() as server:
        section = server.part()
    async with lent(section) as connection:
        cupboard = Cupboard(connection, Vault(RING, "here"), Travel())
        await cupboard.clear("s1", "x", CONTENTS, CONTENTS)()
        await cupboard.remove([("s1", "x")])()
