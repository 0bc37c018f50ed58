"""Rows made with an older key are made anew with the active one, a few at a time, beside others.

Each batch locks the rows that it changes, leaves alone what others hold, and changes a row only
where it still says what was read. What is done is not found again, so that whoever is killed in
the middle simply begins again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.core.messages import Contact
from sidecar.core.model import Person
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.client_tables import api_tokens, idempotency_keys
from sidecar.storage.clients import SqlApiTokens
from sidecar.storage.contacts import destination
from sidecar.storage.replica_tables import purpose_keys
from sidecar.storage.tables import authenticators, challenges, notification_addresses, outbox
from sidecar.storage.vault import NOBODY, Place, Vault

AT_A_TIME: Final = 100
"""Rows of one transaction: some hundredths of a second, for which nobody else can change them."""

_COLUMNS: Final = (
    (authenticators, ("material", "mac")),
    (api_tokens, ("mac",)),
    (notification_addresses, ("address",)),
    (outbox, ("message",)),
    (challenges, ("prompt", "state")),
    (idempotency_keys, ("answer",)),
    (purpose_keys, ("sealed",)),
)
_NAMED: Final = {table.name: (table, columns) for table, columns in _COLUMNS}
TABLES: Final = tuple(_NAMED)
"""Where something names the key that made it, and can be made anew."""

_log = structlog.get_logger(__name__)
AnyRow = Row[*tuple[object, ...]]
Values = dict[str, str | None]
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of some rows of one table."""

    changed: int
    unreadable: tuple[str, ...]
    """Ids of rows that do not open, or whose tag does not fit; they stay as they are."""
    after: Key | None
    """Where the next batch begins; None: there is no next."""


class Resealing:
    """One batch, in one transaction."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def count(self, name: str) -> int:
        """Return how many rows of the table an older key made."""
        table, _ = _NAMED[name]
        query = select(func.count()).select_from(table).where(self._stale(name))
        number: int = (await self._connection.execute(query)).scalar_one()
        return number

    async def batch(self, name: str, after: Key | None, limit: int = AT_A_TIME) -> Batch:
        """Some rows of the table after this one are the active key's."""
        table, columns = _NAMED[name]
        key = tuple(table.primary_key.columns)
        query = select(table).where(self._stale(name)).order_by(*key).limit(limit)
        if after is not None:
            query = query.where(tuple_(*key) > tuple_(*after))
        rows = (await self._connection.execute(query.with_for_update(skip_locked=True))).all()
        made = await self._made(table, rows)
        changes = [
            {f"old_{column}": getattr(row, column) for column in columns}
            | {f"key_{part.name}": getattr(row, part.name) for part in key}
            | values
            for row, values in zip(rows, made, strict=True)
            if values is not None
        ]
        if changes:
            await self._connection.execute(_swap(table, columns), changes)
        if table is notification_addresses and changes:
            await self._tag_anew([row for row, new in zip(rows, made, strict=True) if new])
        broken = [row for row, new in zip(rows, made, strict=True) if new is None]
        return Batch(
            len(changes),
            tuple(_id(table, row) for row in broken),
            _key(table, rows[-1]) if len(rows) == limit else None,
        )

    def _stale(self, name: str) -> ColumnElement[bool]:
        table, columns = _NAMED[name]
        mine = f"v1:{self._vault.ring.active}:"
        older = [
            and_(table.c[column].is_not(None), ~table.c[column].startswith(mine, autoescape=True))
            for column in columns
        ]
        if table is authenticators:  # a removed one proves nothing any more
            return and_(table.c.status != "removed", or_(*older))
        return or_(*older)

    async def _made(self, table: Table, rows: Sequence[AnyRow]) -> list[Values | None]:
        """Return for each row what it says by the active key; None where it does not open."""
        if table is authenticators:
            return await SqlAuthenticators(self._connection, self._vault).remade(rows)
        if table is api_tokens:
            return SqlApiTokens(self._connection, self._vault).remade(rows)
        return [self._sealed_anew(table, row) for row in rows]

    def _sealed_anew(self, table: Table, row: AnyRow) -> Values | None:
        person = Person(row.realm, row.subject) if "realm" in table.c else NOBODY
        made: Values = {}
        try:
            for column in _NAMED[table.name][1]:
                place = Place(person, table.name, column, _id(table, row))
                if (sealed := getattr(row, column)) is not None:
                    made[column] = self._vault.seal(self._vault.unseal(sealed, place), place)
        except SealBroken as error:
            _log.warning("row.unreadable", table=table.name, row=_id(table, row), error=str(error))
            return None
        return made

    async def _tag_anew(self, rows: Sequence[AnyRow]) -> None:
        """Addresses are found by the active key's hash, unless their person has one of it."""
        addresses, other = notification_addresses, notification_addresses.alias("other")
        tagged = []
        for row in rows:
            place = Place(Person(row.realm, row.subject), addresses.name, "address", row.id)
            contact = Contact(row.channel, self._vault.unseal(row.address, place).decode())
            tagged.append({"which": row.id, "tag": destination(self._vault.ring, contact)})
        twin = exists().where(
            *(other.c[name] == addresses.c[name] for name in ("realm", "subject", "channel")),
            other.c.destination == bindparam("tag"),
        )
        mine = addresses.c.id == bindparam("which")
        change = update(addresses).where(mine, ~twin).values(destination=bindparam("tag"))
        await self._connection.execute(change, tagged)


def _swap(table: Table, columns: Sequence[str]) -> Update:
    """Return the statement that changes a row which still says what was read."""
    same = [
        *(part == bindparam(f"key_{part.name}") for part in table.primary_key.columns),
        *(table.c[name].is_not_distinct_from(bindparam(f"old_{name}")) for name in columns),
    ]
    return update(table).where(*same).values({name: bindparam(name) for name in columns})


def _key(table: Table, row: AnyRow) -> Key:
    return tuple(getattr(row, part.name) for part in table.primary_key.columns)


def _id(table: Table, row: AnyRow) -> str:
    return "/".join(map(str, _key(table, row)))
