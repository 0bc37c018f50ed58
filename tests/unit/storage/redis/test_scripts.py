"""Scripts that run in Redis."""

from sidecar.storage.redis.scripts import TAKE
from tests import redis


def test_a_script_is_called_what_redis_calls_it(redis_server: redis.Redis) -> None:
    """A server that loads the script shows the name by which it will be asked for."""
    assert TAKE.sha in redis_server.say("SCRIPT", "LOAD", TAKE.text)
