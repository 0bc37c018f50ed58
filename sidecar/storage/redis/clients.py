"""The clients of redis-py by which a process reaches each kind of Redis."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sidecar.settings.resting import RedisPart, RedisTls

AT_ONCE: Final = 16
"""Connections of one process to a server, at most; whoever comes later waits for one of them."""

FAILURES: Final = (RedisError, OSError, TimeoutError, RuntimeError)
"""What is raised where a server, or the way to it, fails; RuntimeError is uvloop's word for a
connection that was closed beneath a write."""

_PROTOCOL: Final = 2
"""RESP2: nothing is told that was not asked."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client of one server, and what ends every connection of it."""

    redis: "Redis"
    close: Callable[[], Awaitable[None]]


def client(part: RedisPart, address: str) -> Client:
    """Return a client of the server at the address; it connects at the first command.

    With Sentinels it is one of the master that they name by then, and the address does not matter.
    """
    if part.kind == "sentinel":
        return _master(part)
    place: dict[str, Any] = (
        {"unix_socket_path": address} if address.startswith("/") else host_port(address)
    )
    # A cluster's nodes have one database, and need not know the command that chooses it.
    made = Redis(**place, **_words(part), db=part.database, max_connections=AT_ONCE)
    return Client(made, made.aclose)


def host_port(address: str) -> dict[str, Any]:
    """Return the two as the words of redis-py."""
    host, _, port = address.rpartition(":")
    return {"host": host.strip("[]"), "port": int(port)}


def _master(part: RedisPart) -> Client:
    """Return a client of the master, whom the Sentinels are asked for at every new connection.

    Each of them has a share of the time only, so that there is time left after one is silent.
    """
    addresses = [(found["host"], found["port"]) for found in map(host_port, part.address)]
    share_s = part.timeout.total_seconds() / (len(addresses) + 1)
    asked = {
        **_patience(share_s),
        **_tls(part.tls),
        **_who(part.sentinel_username, part.sentinel_password),
    }
    sentinel = Sentinel(addresses, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    words = {**_words(part), "db": part.database, "max_connections": AT_ONCE}
    master = sentinel.master_for(part.service, **words)

    async def close() -> None:
        await master.aclose()
        for one in sentinel.sentinels:
            await one.aclose()

    return Client(master, close)


def _words(part: RedisPart) -> dict[str, Any]:
    return {
        **_patience(part.timeout.total_seconds()),
        **_tls(part.tls),
        **_who(part.username, part.password),
    }


def _patience(seconds: float) -> Mapping[str, Any]:
    """Return how long is waited, and that nothing is tried again: others decide about that."""
    return {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "protocol": _PROTOCOL,
        "retry": Retry(NoBackoff(), 0),
    }


def _who(username: str | None, password: SecretStr | None) -> Mapping[str, str | None]:
    return {"username": username, "password": password.get_secret_value() if password else None}


def _tls(tls: RedisTls | None) -> Mapping[str, Any]:
    """Return the words by which the server proves itself, by a certificate of its very name."""
    if tls is None:
        return {}
    return {
        "ssl": True,
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": tls.ca_file,
        "ssl_certfile": tls.client_cert,
        "ssl_keyfile": tls.client_key,
    }
