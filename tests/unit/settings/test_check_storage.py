"""Addresses of databases: which are served, and how the way there is kept."""

from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.unit.settings import build

SERVER = "postgresql+asyncpg://u:p@127.0.0.1/x"


def said(url: str) -> str:
    return "\n".join(build.faults(storage={"database": url}))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:p@db/x", "data are kept in SQLite or PostgreSQL only"),
        ("data.db", "data are kept in SQLite or PostgreSQL only"),
        ("sqlite:///x.db", "is no address of a database (did you mean sqlite+aiosqlite:///…?)"),
        ("sqlite+aiosqlite://x.db", "is no address of a database"),
        ("sqlite+aiosqlite:///", "needs a file"),
        ("sqlite+aiosqlite:///:memory:", "needs a file"),
        ("postgresql+psycopg://u:p@db/x", "is no address of a database (did you mean postgresql+a"),
        ("postgresql+asyncpg://u:p@127.0.0.1", "names no database"),
        ("postgresql+asyncpg://127.0.0.1/x", "names no user"),
        ("postgresql+asyncpg://u:p@127.0.0.1:many/x", "is no address of a database"),
        (f"{SERVER}?sslmode=perhaps", "'perhaps' is no sslmode (one of disable, "),
        (f"{SERVER}?options=-c%20fsync%3Doff", "'options' is no word that an address may have"),
        (f"{SERVER}?sslmode=require&sslmode=disable", "'sslmode' is no word that an address may"),
        (f"{SERVER}?sslrootcert=/nowhere/ca.pem", "does not load: No such file or directory"),
        (f"{SERVER}?sslcert=/nowhere/own.pem", "does not load: No such file or directory"),
    ],
)
def test_databases_are_served_whose_address_is_right(url: str, message: str) -> None:
    """Addresses of other databases, or of none, show what is served, and not the address."""
    found = said(url)
    assert f"storage.database: {message}" in found
    assert "u:p" not in found


@pytest.mark.parametrize(
    "url",
    [
        SERVER,
        "postgresql://u:p@localhost:5432/x",
        "postgres://u:p@[::1]/x",
        "postgresql+asyncpg://u@/x?host=/run/postgresql",
        "postgresql+asyncpg://u:p@db.example/x?sslmode=verify-full",
        "postgresql+asyncpg://u:p@db.example/x?ssl=verify-full",
        "postgresql+asyncpg://u:p@/x?host=127.0.0.1:1,[::1]:2",
    ],
)
def test_a_way_that_nobody_else_is_on_needs_no_word(url: str) -> None:
    """A database on this machine, and one that proves itself, show no finding."""
    assert said(url) == ""


@pytest.mark.parametrize("query", ["", "?sslmode=require", "?host=[::1],10.0.0.9:2&sslmode=prefer"])
def test_a_way_that_others_may_be_on_is_told(query: str) -> None:
    """A database elsewhere that need not prove itself shows a warning, and what cures it."""
    found = said(f"postgresql+asyncpg://u:p@db.example/x{query}")
    assert found.startswith("warning: storage.database: whoever sits between here and the database")
    assert found.endswith("(add ?sslmode=verify-full)")


def test_a_turn_ends_before_a_statement_does() -> None:
    """A statement that may take no longer than the wait for a turn shows the fault."""
    storage = {"database": SERVER, "wait": "5s", "statement": "5s"}
    (found,) = build.faults(storage=storage)
    assert found.startswith("storage.statement: is no longer than `storage.wait`")
    assert build.faults(storage=storage | {"statement": "5100ms"}) == []


def test_certificates_that_load_are_right(tmp_path: Path) -> None:
    """The file of an authority shows no finding."""
    file = self_signed(tmp_path)
    assert said(f"{SERVER}?sslmode=verify-full&sslrootcert={file}&sslcert={file}") == ""


def test_the_driver_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL without its driver shows what to install."""
    monkeypatch.setattr("sidecar.settings.check_storage.find_spec", lambda _name: None)
    hint = "storage.database: needs the package asyncpg (install the extra `postgres`)"
    assert said(SERVER) == hint


@pytest.mark.parametrize(
    ("name", "least"),
    [("attempts", "30d"), ("challenges", "1d"), ("sessions", "1d"), ("outbox", "2d")],
)
def test_nothing_that_still_counts_is_swept(name: str, least: str) -> None:
    """The shortest retention shows no finding, and a second less what it would break."""
    assert build.faults(retention={name: least}) == []
    seconds = int(least.removesuffix("d")) * 86400 - 1
    (found,) = build.faults(retention={name: f"{seconds}s"})
    assert f"retention.{name}: is too short: " in found
    assert f"write {least} or more" in found
