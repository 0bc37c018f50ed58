"""What must be so about Redis; whether it answers is another question."""

import re
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from sidecar.settings.draft import Draft
from sidecar.settings.faults import Finding, Where, unloadable
from sidecar.settings.resting import RedisPart, RedisTls

_HOST_PORT: Final = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+):(\d{1,5})")
_HIGHEST_PORT: Final = 65_535
_LONGEST_TIMEOUT_S: Final = 5.0
"""Longer than anybody waits for a page."""


def redis(draft: Draft) -> Iterator[Finding]:
    """The address names a Redis of its kind, nobody reads along, and what needs it has it."""
    part = draft.settings.redis
    if part is None:
        yield from _needed(draft)
        return
    if not draft.sound("redis"):
        return
    yield from _addresses(part)
    yield from _kind(part)
    yield from _patience(part)
    yield from _way(part)
    if part.tls is not None:
        yield from _certificates(part.tls)


def _needed(draft: Draft) -> Iterator[Finding]:
    if draft.settings.session.store == "redis" and draft.sound("redis"):
        hint = "add redis.address, or write `store: database`"
        yield Finding(("session", "store"), "there is no `redis:` to keep sessions in", hint)


def _addresses(part: RedisPart) -> Iterator[Finding]:
    for index, address in enumerate(part.address):
        where: Where = ("redis", "address", index)
        if address.startswith("/"):
            if part.kind != "single":
                yield Finding(where, f"a {part.kind} is not reached by a socket file")
        elif "://" in address:
            hint = "host:port; user, password, database and TLS are settings of their own"
            yield Finding(where, "is a URL", hint)
        elif not (found := _HOST_PORT.fullmatch(address)) or not (
            0 < int(found[1]) <= _HIGHEST_PORT
        ):
            hint = "host:port, or the path of a socket"
            yield Finding(where, "is no address", hint)
        if address in part.address[:index]:
            yield Finding(where, "is already listed")


def _kind(part: RedisPart) -> Iterator[Finding]:
    """What is written means something for this kind, and what this kind needs is written."""
    sentinel = part.kind == "sentinel"
    if part.kind == "single" and len(part.address) > 1:
        hint = "write `kind: sentinel` or `kind: cluster`, or one address"
        yield Finding(("redis", "address"), "a single Redis has one address", hint)
    if sentinel and not part.service:
        hint = "the name after `sentinel monitor` in their configuration"
        yield Finding(("redis", "kind"), "Sentinels are asked for a master by name", hint)
    if part.kind == "cluster" and part.database:
        yield Finding(("redis", "database"), "a cluster has only database 0")
    if sentinel and len(part.address) == 1:
        message = "one Sentinel: when it is down nobody finds the master"
        yield Finding(("redis", "address"), message, "name all of them", warning=True)
    written = (
        ("service", part.service),
        ("sentinel_username", part.sentinel_username),
        ("sentinel_password", part.sentinel_password),
    )
    for key, value in written:
        if value and not sentinel:
            yield Finding(("redis", key), f"means nothing with `kind: {part.kind}`")
    for key, name, password in (
        ("username", part.username, part.password),
        ("sentinel_username", part.sentinel_username, part.sentinel_password),
    ):
        if name and not password:
            yield Finding(("redis", key), "a user without a password")


def _patience(part: RedisPart) -> Iterator[Finding]:
    seconds = part.timeout.total_seconds()
    if not seconds:
        yield Finding(("redis", "timeout"), "must be longer than nothing")
    elif seconds > _LONGEST_TIMEOUT_S:
        message = "whoever asks for a page waits as long while Redis is silent"
        yield Finding(("redis", "timeout"), message, "500ms is plenty", warning=True)


def _way(part: RedisPart) -> Iterator[Finding]:
    """Nobody between here and Redis can read along, and nobody else can write to it."""
    away = [address for address in part.address if not _here(address)]
    if not away:
        return
    if part.tls is None:
        message = "whoever sits between here and Redis can read along, or play it"
        hint = "add redis.tls; `tls: {}` trusts whom the machine trusts"
        yield Finding(("redis", "address"), message, hint, warning=True)
    if part.password is None and (part.tls is None or part.tls.client_cert is None):
        message = "whoever reaches it can empty it: there is no password"
        hint = "add redis.username and redis.password"
        yield Finding(("redis",), message, hint, warning=True)


def _certificates(tls: RedisTls) -> Iterator[Finding]:
    context, where = ssl.create_default_context(), ("redis", "tls")
    if ca := tls.ca_file:
        yield from unloadable((*where, "ca_file"), lambda: context.load_verify_locations(ca))
    if (tls.client_cert is None) != (tls.client_key is None):
        missing = "client_key" if tls.client_key is None else "client_cert"
        yield Finding(where, f"needs redis.tls.{missing} too")
    elif own := tls.client_cert:
        key = tls.client_key
        yield from unloadable((*where, "client_cert"), lambda: context.load_cert_chain(own, key))


def _here(address: str) -> bool:
    """Tell whether what goes there never leaves this machine."""
    host = address.rpartition(":")[0].strip("[]")
    if address.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
