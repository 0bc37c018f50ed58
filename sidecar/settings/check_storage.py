"""What must be so about the database's address; whether it answers is another question."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Final

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sidecar.core.durations import show_duration
from sidecar.settings.draft import Draft
from sidecar.settings.faults import Finding, Where, unloadable

FILE: Final = "sqlite+aiosqlite:///"
SERVER: Final = "postgresql+asyncpg://"
_SERVERS: Final = ("postgresql+asyncpg", "postgresql", "postgres")
"""What is taken for PostgreSQL: those who hand out addresses know nothing of drivers."""
_WORDS: Final = ("host", "ssl", "sslmode", "sslrootcert", "sslcert", "sslkey")
_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_PROVEN: Final = "verify-full"
_LEAST: Final = {
    "attempts": (timedelta(days=30), "a limit counts the tries of 30 days"),
    "challenges": (timedelta(days=1), "what was begun a day ago may still be asked about"),
    "sessions": (timedelta(days=1), "what ended a day ago may still be asked about"),
    "outbox": (timedelta(days=2), "budgets count the messages of a day"),
}
"""The shortest that each may be, and why."""
_WHERE: Final[Where] = ("storage", "database")


def storage(draft: Draft) -> Iterator[Finding]:
    """The address names a file of SQLite, or a database of PostgreSQL and how it is reached."""
    part = draft.settings.storage
    url = part.database
    kind, _, path = url.partition("///")
    scheme = url.partition(":")[0]
    if part.statement <= part.wait:
        where = ("storage", "statement")
        message = "is no longer than `storage.wait`: who waits in turn would be told of no turn"
        yield Finding(where, message, "give a statement more time than it may wait")
    if scheme in _SERVERS:
        yield from _server(url)
    elif scheme.startswith("postgres"):
        yield Finding(_WHERE, "is no address of a database", f"did you mean {SERVER}…?")
    elif scheme.startswith("sqlite") and kind != FILE.partition("///")[0]:
        yield Finding(_WHERE, "is no address of a database", f"did you mean {FILE}…?")
    elif not url.startswith(FILE):
        hint = f"{FILE}path/to/sidecar.db, or {SERVER}user:password@host/name"
        yield Finding(_WHERE, "data are kept in SQLite or PostgreSQL only", hint)
    elif not path.partition("?")[0] or ":memory:" in path:
        yield Finding(_WHERE, "needs a file: what is kept in memory is lost at a restart")


def retention(draft: Draft) -> Iterator[Finding]:
    """Nothing is removed that a limit, a budget or a day's figures still count."""
    part = draft.settings.retention
    for name, (least, why) in _LEAST.items():
        if getattr(part, name) < least:
            hint = f"write {show_duration(least)} or more"
            yield Finding(("retention", name), f"is too short: {why}", hint)


def _server(url: str) -> Iterator[Finding]:
    if find_spec("asyncpg") is None:
        yield Finding(_WHERE, "needs the package asyncpg", "install the extra `postgres`")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        hint = f"{SERVER}user:password@host:5432/name; write %40 for @ and so on in a password"
        yield Finding(_WHERE, "is no address of a database", hint)
        return
    for what, named in (("database", parsed.database), ("user", parsed.username)):
        if not named:
            yield Finding(_WHERE, f"names no {what}", f"{SERVER}user:password@host:5432/name")
    yield from _way(parsed)


def _way(url: URL) -> Iterator[Finding]:
    """Nobody between here and the database can read along, or play it."""
    said = {word: value for word, value in url.query.items() if isinstance(value, str)}
    for word in url.query:
        if word not in _WORDS or word not in said:
            hint = f"{', '.join(_WORDS)}, each once; several servers as host=one:5432,two:5432"
            yield Finding(_WHERE, f"{word!r} is no word that an address may have", hint)
    mode = said.get("sslmode", said.get("ssl", ""))
    if mode and mode not in _MODES:
        yield Finding(_WHERE, f"{mode!r} is no sslmode", f"one of {', '.join(_MODES)}")
    elif mode != _PROVEN and not all(map(_here, _hosts(url))):
        message = "whoever sits between here and the database can read along, or play it"
        yield Finding(_WHERE, message, f"add ?sslmode={_PROVEN}", warning=True)
    yield from _certificates(said)


def _hosts(url: URL) -> list[str]:
    """Return every server that the address names, without its port."""
    said = url.query.get("host", url.host or "")
    listed = said.split(",") if isinstance(said, str) else said
    return [
        one.partition("]")[0].strip("[") if "[" in one else one.partition(":")[0] for one in listed
    ]


def _certificates(said: Mapping[str, str]) -> Iterator[Finding]:
    context = ssl.create_default_context()
    if root := said.get("sslrootcert"):
        yield from unloadable(_WHERE, lambda: context.load_verify_locations(root))
    if own := said.get("sslcert"):
        yield from unloadable(_WHERE, lambda: context.load_cert_chain(own, said.get("sslkey")))


def _here(host: str) -> bool:
    """Tell whether what goes there never leaves this machine."""
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
