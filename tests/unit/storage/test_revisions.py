"""Which revisions this version works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from sidecar.storage import revisions
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.revisions import Schema
from sidecar.storage.schema import _config

NEWEST = revisions.REVISIONS[-1]


def test_every_migration_is_known() -> None:
    """The list shows what the migrations say of themselves, in their order."""
    scripts = ScriptDirectory.from_config(_config())
    found = tuple(script.revision for script in scripts.walk_revisions())
    assert tuple(reversed(found)) == revisions.REVISIONS
    assert sorted(revisions.REVISIONS) == [*revisions.REVISIONS]


def test_only_what_can_serve_is_used() -> None:
    """The head passes; nothing, an unknown revision, and one that serves later versions only, show
    what to do.
    """
    revisions.judge_revision(Schema(NEWEST, "0001"))
    with pytest.raises(StoreUnproven, match="another program"):
        revisions.judge_revision(Schema(None))
    with pytest.raises(StoreUnproven, match=r"another version: ffff$"):
        revisions.judge_revision(Schema("ffff"))
    with pytest.raises(StoreUnproven, match=r"another version: ffff and serves .* from eeee on"):
        revisions.judge_revision(Schema("ffff", "eeee"))


def test_a_newer_one_is_used_that_serves_this_version() -> None:
    """A later revision shows itself usable where it serves any that is known here."""
    for known in revisions.REVISIONS:
        schema = Schema("ffff", known)
        assert (schema.newer, schema.usable) == (True, True)
        revisions.judge_revision(schema)
    assert not Schema(NEWEST, NEWEST).newer
    assert not Schema("0000", NEWEST).newer
    assert not Schema(None, NEWEST).usable


def test_an_older_revision_can_be_moved_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the version before shows the command that moves it."""
    monkeypatch.setattr(revisions, "REVISIONS", (NEWEST, "next"))
    revisions.judge_origin(Schema(NEWEST))
    with pytest.raises(StoreUnproven) as old:
        revisions.judge_revision(Schema(NEWEST, NEWEST))
    assert old.value.hint == "sidecar migrate up"


# --- expand and contract --------------------------------------------------------------------------

RULED = revisions.REVISIONS[revisions.REVISIONS.index("0004") :]
"""Migrations that were made under the rule."""


@dataclass(frozen=True)
class Shape:
    """What a version may rely on, and what may be in its way."""

    tables: Mapping[str, Mapping[str, Any]]
    rules: frozenset[tuple[str, str | None]]
    """Unique constraints and indexes, and foreign keys: what is refused that was allowed."""


def shape(connection: Connection) -> Shape:
    inspector = inspect(connection)
    names = {*inspector.get_table_names()} - {"alembic_version"}
    unique = {
        (name, rule["name"])
        for name in names
        for rule in (*inspector.get_unique_constraints(name), *inspector.get_foreign_keys(name))
    }
    indexes = {
        (name, index["name"])
        for name in names
        for index in inspector.get_indexes(name)
        if index["unique"]
    }
    tables = {name: {c["name"]: c for c in inspector.get_columns(name)} for name in names}
    return Shape(tables, frozenset(unique | indexes))


def contractions(before: Shape, after: Shape) -> list[str]:
    """Return what a version that knows the schema before could no longer do on the one after."""
    found = []
    for name, columns in before.tables.items():
        now = after.tables.get(name, {})
        found += [f"{name}.{one} is gone" for one in columns if one not in now]
        found += [
            f"{name}.{one} is another"
            for one, column in columns.items()
            if one in now and str(column["type"]) != str(now[one]["type"])
        ]
        found += [
            f"{name}.{one} has to be written"
            for one, column in now.items()
            if not column["nullable"]
            and column["default"] is None
            and (one not in columns or columns[one]["nullable"])
        ]
    found += [
        f"{table}: {rule} refuses more"
        for table, rule in after.rules - before.rules
        if table in before.tables
    ]
    return sorted(found)


@pytest.mark.parametrize("moved", RULED)
def test_each_migration_only_adds_or_says_whom_it_serves(moved: str) -> None:
    """From one revision to the next nothing shows taken away that the version before it uses,
    unless the schema says that it serves that version no longer.
    """
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        before = revisions.REVISIONS[revisions.REVISIONS.index(moved) - 1]
        command.upgrade(config, before)
        was = shape(connection)
        connection.execute(INSTANCE)
        command.upgrade(config, moved)
        serves = str(connection.execute(text("SELECT serves_from FROM instance")).scalar_one())
        broken = contractions(was, shape(connection))
    engine.dispose()
    assert serves in revisions.REVISIONS
    assert broken == [] or serves >= moved
    if moved == NEWEST:
        assert serves == revisions.SERVES_FROM


INSTANCE = text("INSERT INTO instance (id, sealed, created_at) VALUES (1, 'x', '2026-01-01')")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE people ADD COLUMN moon TEXT", []),
        ("ALTER TABLE people ADD COLUMN moon TEXT NOT NULL DEFAULT ''", []),
        ("CREATE INDEX by_name ON people (name)", []),
        ("CREATE TABLE moons (id INTEGER NOT NULL PRIMARY KEY)", []),
        ("DROP TABLE people", ["people.id is gone", "people.name is gone"]),
        ("ALTER TABLE people DROP COLUMN name", ["people.name is gone"]),
        ("ALTER TABLE people RENAME COLUMN name TO called", ["people.name is gone"]),
        ("CREATE UNIQUE INDEX one ON people (name)", ["people: one refuses more"]),
    ],
)
def test_what_takes_something_away_is_seen(statement: str, told: list[str]) -> None:
    """Each kind of change shows as what it breaks, and additions as nothing."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)"))
        was = shape(connection)
        connection.execute(text(statement))
        assert contractions(was, shape(connection)) == told
    engine.dispose()


def test_what_has_to_be_written_is_seen() -> None:
    """A column that is no longer empty by itself, and one of another type, show as such."""
    plain = {"type": "TEXT", "nullable": True, "default": None}
    was = Shape({"people": {"name": plain}}, frozenset())
    for change, told in (
        ({"nullable": False}, "people.name has to be written"),
        ({"type": "INTEGER"}, "people.name is another"),
    ):
        now = Shape({"people": {"name": plain | change}}, frozenset())
        assert contractions(was, now) == [told]
    new = {"moon": {**plain, "nullable": False}, "name": plain}
    assert contractions(was, Shape({"people": new}, frozenset())) == [
        "people.moon has to be written"
    ]
