"""Statements that are spelled once and given to the driver as they are, for what must be quick.

SQLAlchemy builds, looks up and wraps anew at each execution, which takes several times as long as
the driver and the database do. A statement of this kind says the same, by the same tables and
types; what changes are its values.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, Dialect, Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from sidecar.storage.driver import as_told, driver_of, told, told_of
from sidecar.storage.hops import OneHop
from sidecar.storage.transaction import WholeConnection, settled

AnyRow = Row[*tuple[object, ...]]
Statement = Select[*tuple[Any, ...]] | UpdateBase
Values = Mapping[str, object]
Change = Callable[[Any], Any]
"""How a type is told to a driver, or read from it."""

_NOTHING: Final[Values] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """What a statement returned, and how many rows it was about."""

    rows: Sequence[AnyRow]
    number: int

    def one_or_none(self) -> AnyRow | None:
        """Return the row, where there is one; none of these statements finds two by a key."""
        return self.rows[0] if self.rows else None

    def one(self) -> AnyRow:
        """Return the row.

        Raises:
            LookupError: there is none.

        """
        return self.rows[0]


@dataclass(frozen=True, slots=True)
class _Spelled:
    """A statement in the words of one dialect."""

    text: str
    values: Sequence[tuple[str, Change | None]]
    """The names of the values in their order, and how each is told."""
    fixed: Values
    """Values that are the statement's own."""
    row: Callable[[Iterable[object]], AnyRow] | None
    changes: Sequence[tuple[int, Change]]
    """What of a row is read otherwise than the driver gives it."""
    number: int
    """How many names there are."""

    def told(self, given: Values) -> list[object]:
        said = {**self.fixed, **given}
        if len(said) != self.number:
            message = f"not what the statement has values for: {sorted(given)}"
            raise ValueError(message)
        told = []
        for name, change in self.values:
            value = said[name]
            # Texts that all databases keep are most of what is said, and go as they are.
            if change is not None and not (type(value) is str and value.isprintable()):
                value = change(value)
            told.append(value)
        return told

    def read(self, found: Iterable[Sequence[object]]) -> list[AnyRow]:
        if self.row is None:
            return []
        if not self.changes:
            return [self.row(values) for values in found]
        return [self.row(self._changed(values)) for values in found]

    def _changed(self, values: Sequence[object]) -> Sequence[object]:
        changed = list(values)
        for place, change in self.changes:
            changed[place] = change(changed[place])
        return changed


@dataclass(frozen=True)
class Written:
    """One statement; values have the names of its `bindparam`s, and of the columns it sets."""

    statement: Statement | Callable[[str], Statement]
    """Or what makes it for a dialect of this name, where it says something differently."""
    sets: tuple[str, ...] = ()
    """Columns that get a value."""
    _spelled: dict[str, _Spelled] = field(default_factory=dict, compare=False)

    async def on(self, connection: AsyncConnection, values: Values = _NOTHING) -> Found:
        """Return what the statement finds with these values.

        Raises:
            SQLAlchemyError: as when SQLAlchemy executes it.

        """
        if isinstance(connection, WholeConnection):
            driver = driver_of(connection)
            if isinstance(driver, OneHop) and (driver.in_transaction or connection.loose):
                return await self._hop(connection, driver, values)
            return await self._sent(connection, driver, values)
        return await connection.run_sync(self._run, values)

    async def _hop(self, connection: AsyncConnection, driver: OneHop, values: Values) -> Found:
        """Give the statement to SQLite, whose thread finishes it whatever becomes of this task."""
        spelled, cursor = self._in(connection.dialect), driver.cursor()
        try:
            await settled(cursor.send(spelled.text, spelled.told(values)))
        except sqlite3.Error as error:
            raised = await connection.run_sync(told_of, spelled.text, error)
            raise raised from error
        rows = spelled.read(cursor.rows)
        return Found(rows, cursor.rowcount if spelled.row is None else len(rows))

    async def _sent(
        self,
        connection: WholeConnection,
        driver: Any,  # noqa: ANN401 - it has no types
        values: Values,
    ) -> Found:
        """Give the statement to the driver itself, once a transaction has begun over it."""
        if isinstance(driver, OneHop) or not (driver.is_in_transaction() or connection.loose):
            return await connection.finish(connection.run_sync(self._run, values))
        spelled = self._in(connection.dialect)
        work = _fetch(driver, spelled, spelled.told(values))
        return await told(connection, spelled.text, connection.straight(work))

    def _run(self, connection: Connection, values: Values) -> Found:
        spelled = self._in(connection.dialect)
        told = spelled.told(values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(spelled.text, told)
            rows = spelled.read(cursor.fetchall()) if spelled.row is not None else []
            return Found(rows, cursor.rowcount if spelled.row is None else len(rows))
        except connection.dialect.loaded_dbapi.Error as error:
            raise as_told(connection, spelled.text, error) from error
        finally:
            cursor.close()

    def _in(self, dialect: Dialect) -> _Spelled:
        found = self._spelled.get(dialect.name)
        if found is None:
            found = self._spelled[dialect.name] = self._spell(dialect)
        return found

    def _spell(self, dialect: Dialect) -> _Spelled:
        said = self.statement(dialect.name) if callable(self.statement) else self.statement
        made: Any = said.compile(dialect=dialect, column_keys=list(self.sets))
        names = list(made.positiontup)
        columns = list(said.exported_columns)
        reads = [_reads(column.type, dialect) for column in columns]
        return _Spelled(
            text=made.string,
            values=[(name, _tells(made.binds[name].type, dialect)) for name in names],
            fixed={name: made.binds[name].value for name in names if not made.binds[name].required},
            row=_rows_of([column.key for column in columns]) if columns else None,
            number=len({*names}),
            changes=[(place, read) for place, read in enumerate(reads) if read is not None],
        )


async def _fetch(
    driver: Any,  # noqa: ANN401
    spelled: _Spelled,
    told: Sequence[object],
) -> Found:
    if spelled.row is None:
        done = await driver.execute(spelled.text, *told)
        return Found((), int(done.rpartition(" ")[2]))
    rows = spelled.read(await driver.fetch(spelled.text, *told))
    return Found(rows, len(rows))


def say(connection: Connection, text: str) -> None:
    """The driver has executed a statement that carries and finds nothing."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text)
    except connection.dialect.loaded_dbapi.Error as error:
        raise as_told(connection, text, error) from error
    finally:
        cursor.close()


def _rows_of(names: Sequence[str | None]) -> Callable[[Iterable[object]], AnyRow]:
    """Return what makes a row of its values; such a row is read by names, as SQLAlchemy's are."""
    kind: Any = NamedTuple("Found", [(str(name), object) for name in names])  # type: ignore[misc]
    return cast("Callable[[Iterable[object]], AnyRow]", kind._make)


def _tells(kind: TypeEngine[Any], dialect: Dialect) -> Change | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reads(kind: TypeEngine[Any], dialect: Dialect) -> Change | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
