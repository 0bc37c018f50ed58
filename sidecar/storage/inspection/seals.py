"""Whether what must be sealed is, opens where it stands, and is what the sidecar wrote."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Row, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.core.model import Person
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.client_tables import api_tokens, idempotency_keys
from sidecar.storage.clients import SqlApiTokens
from sidecar.storage.inspection.finding import Kind, Tally
from sidecar.storage.replica_tables import purpose_keys
from sidecar.storage.tables import authenticators, challenges, notification_addresses, outbox
from sidecar.storage.vault import NOBODY, Place, Vault, sealed_by

AT_A_TIME: Final = 500
"""Rows that are held in memory, and read in one transaction."""

SEALED: Final = (
    (authenticators, ("material",)),
    (challenges, ("prompt", "state")),
    (outbox, ("message",)),
    (notification_addresses, ("address",)),
    (idempotency_keys, ("answer",)),
    (purpose_keys, ("sealed",)),
    (api_tokens, ()),
)
"""Tables whose columns are sealed, or whose rows have a tag; empty columns are none."""

_LOOKS_SEALED: Final = re.compile(r"v1:[A-Za-z0-9_.-]{1,64}:gAAAA[A-Za-z0-9_=-]+")
"""As `Vault` writes: version, key, and a Fernet token, whose first bytes are always the same."""

AnyRow = Row[*tuple[object, ...]]
Key = tuple[object, ...]


class Seals:
    """Counts what is wrong in some rows of a table, on one connection."""

    def __init__(self, connection: AsyncConnection, vault: Vault, tally: Tally) -> None:
        self._connection = connection
        self._vault = vault
        self._tally = tally

    async def look(self, table: Table, after: Key | None) -> Key | None:
        """Look at the rows after this one; return the last one's key, None at the end."""
        key = tuple(table.primary_key.columns)
        query = select(table).order_by(*key).limit(AT_A_TIME)
        if after is not None:
            query = query.where(tuple_(*key) > tuple_(*after))
        rows = (await self._connection.execute(query)).all()
        self._tally.looked_at += len(rows)
        for row in await self._unvouched(table, [row for row in rows if self._opens(table, row)]):
            self._tally.add(Kind.UNVOUCHED, f"{table.name}.mac", _id(table, row))
        return _key(table, rows[-1]) if len(rows) == AT_A_TIME else None

    def _opens(self, table: Table, row: AnyRow) -> bool:
        found = [(column, self._fault(table, column, row)) for column in dict(SEALED)[table]]
        for column, kind in found:
            if kind is not None:
                self._tally.add(kind, f"{table.name}.{column}", _id(table, row))
        return all(kind is None for _, kind in found)

    def _fault(self, table: Table, column: str, row: AnyRow) -> Kind | None:
        sealed = getattr(row, column)
        if sealed is None:
            return None
        if not _LOOKS_SEALED.fullmatch(sealed):
            return Kind.UNSEALED
        if sealed_by(sealed) not in self._vault.ring.keys:
            return Kind.UNKNOWN_KEY
        person = Person(row.realm, row.subject) if "realm" in table.c else NOBODY
        try:
            self._vault.unseal(sealed, Place(person, table.name, column, _id(table, row)))
        except SealBroken as broken:
            return Kind.MOVED if broken.moved else Kind.BROKEN
        return None

    async def _unvouched(self, table: Table, rows: Sequence[AnyRow]) -> list[AnyRow]:
        """Return the rows whose tag does not fit what they say."""
        if table is authenticators:
            held = [row for row in rows if row.status != "removed"]
            fits = await SqlAuthenticators(self._connection, self._vault).fit(held)
            return [row for row, whole in zip(held, fits, strict=True) if not whole]
        if table is api_tokens:
            fits = SqlApiTokens(self._connection, self._vault).fit(rows)
            return [row for row, whole in zip(rows, fits, strict=True) if not whole]
        return []


def _key(table: Table, row: AnyRow) -> Key:
    return tuple(getattr(row, part.name) for part in table.primary_key.columns)


def _id(table: Table, row: AnyRow) -> str:
    return "/".join(map(str, _key(table, row)))
