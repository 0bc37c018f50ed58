"""Redis: addresses of its kind, and a way there that nobody else is on."""

from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.unit.settings import build

HERE = "127.0.0.1:6379"
AWAY = "redis.example.com:6379"
SAFE = {"username": "sidecar", "password": "a-long-password", "tls": {}}


def said(**words: object) -> str:
    return "\n".join(build.faults(redis={"address": HERE, **words}))


@pytest.mark.parametrize(
    "words",
    [
        {"address": HERE},
        {"address": "localhost:6379", "database": 3},
        {"address": "[::1]:6379"},
        {"address": "/run/redis/redis.sock"},
        {"address": AWAY, **SAFE},
        {"address": [HERE, "127.0.0.1:6380"], "kind": "sentinel", "service": "main"},
        {"address": [HERE, "127.0.0.1:6380"], "kind": "cluster"},
        {"address": HERE, "kind": "cluster"},
    ],
)
def test_what_is_right_needs_no_word(words: dict[str, object]) -> None:
    """A Redis of each kind, here or behind TLS with a password, shows no finding."""
    assert said(**words) == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"address": "redis"}, "redis.address[0]: is no address (host:port"),
        ({"address": "redis:70000"}, "redis.address[0]: is no address"),
        ({"address": "redis:0"}, "redis.address[0]: is no address"),
        ({"address": "::1:6379"}, "redis.address[0]: is no address"),
        ({"address": "rediss://h:1"}, "redis.address[0]: is a URL (host:port; user, password"),
        ({"address": [HERE, HERE], "kind": "cluster"}, "redis.address[1]: is already listed"),
        ({"address": [HERE, "h:1"]}, "redis.address: a single Redis has one address (write `kind"),
        ({"address": "/a.sock", "kind": "cluster"}, "a cluster is not reached by a socket file"),
        ({"kind": "sentinel"}, "redis.kind: Sentinels are asked for a master by name"),
        ({"kind": "cluster", "database": 1}, "redis.database: a cluster has only database 0"),
        ({"service": "main"}, "redis.service: means nothing with `kind: single`"),
        ({"sentinel_password": "x"}, "redis.sentinel_password: means nothing with `kind: single`"),
        ({"username": "sidecar"}, "redis.username: a user without a password"),
        ({"timeout": "0s"}, "redis.timeout: must be longer than nothing"),
        ({"tls": {"ca_file": "/nowhere"}}, "redis.tls.ca_file: does not load: No such file"),
        ({"tls": {"client_cert": "/nowhere"}}, "redis.tls: needs redis.tls.client_key too"),
        (
            {"tls": {"client_cert": "/nowhere", "client_key": "/nowhere"}},
            "redis.tls.client_cert: does not load: No such file",
        ),
    ],
)
def test_what_cannot_work_is_refused(words: dict[str, object], message: str) -> None:
    """Addresses and words that fit no Redis of the kind show where, and what would."""
    found = said(**words)
    assert message in found
    assert "warning: redis.address[" not in found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"address": AWAY, "password": "x"}, "redis.address: whoever sits between here and Redis"),
        ({"address": AWAY, "tls": {}}, "redis: whoever reaches it can empty it"),
        ({"timeout": "6s"}, "redis.timeout: whoever asks for a page waits as long"),
        ({"kind": "sentinel", "service": "main"}, "redis.address: one Sentinel: when it is down"),
    ],
)
def test_what_is_worth_a_look_is_told(words: dict[str, object], message: str) -> None:
    """What works and lets others in shows a warning."""
    assert said(**words).startswith(f"warning: {message}")


def test_certificates_that_load_are_right(tmp_path: Path) -> None:
    """Files that hold what they should show no finding."""
    file = str(self_signed(tmp_path))
    tls = {"ca_file": file, "client_cert": file, "client_key": file}
    assert said(address=AWAY, tls=tls) == ""


def test_sessions_need_somewhere_to_be() -> None:
    """`session.store: redis` without a Redis shows what is missing; with one it is right."""
    alone = build.faults(session={"store": "redis"})
    assert alone[0].startswith("session.store: there is no `redis:` to keep sessions in")
    assert build.faults(session={"store": "redis"}, redis={"address": HERE}) == []
