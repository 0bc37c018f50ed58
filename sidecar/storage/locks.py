"""Who waits for whom where writers do not queue by themselves, as they do on SQLite.

A transaction holds, in this order: a share of `EVERYBODY`, or all of it; the people it is about, by
number; `LEDGER`, once it writes what is ordered across people. Rows of others it never waits for
while it holds the ledger, so that no two ever wait for each other.
"""

import hashlib
from typing import Final

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Person
from sidecar.core.stores import APART
from sidecar.storage.written import Written

MIGRATING: Final = "migrating"
EVERYBODY: Final = "everybody"
LEDGER: Final = "ledger"
"""The order of the feed and of the trail, and what all people together may cost."""

_FEW: Final = 3
"""People whom one statement names one by one, as nearly every transaction does; an import is about
hundreds."""
_EACH: Final = "SELECT pg_advisory_xact_lock(number) FROM unnest('{}'::bigint[]) AS number"
_HELD: Final = Written(
    select(func.pg_advisory_xact_lock(bindparam("what", type_=BigInteger)).label("what"))
)


async def enter(connection: AsyncConnection, people: tuple[Person, ...]) -> None:
    """No other transaction about these people goes on until this one ends; with none, no other."""
    if connection.dialect.name == "postgresql":
        for statement in entering(people):
            await connection.exec_driver_sql(statement)


def entering(people: tuple[Person, ...]) -> tuple[str, ...]:
    """Return what PostgreSQL is told for that, one statement after the other."""
    everybody = _number(EVERYBODY)
    if not people:
        return (f"SELECT pg_advisory_xact_lock({everybody})",)
    numbers = sorted(_number(*_words(person)) for person in people if person != APART)
    few, many = (numbers, []) if len(numbers) <= _FEW else ([], numbers)
    locks = (f"pg_advisory_xact_lock({number})" for number in few)
    first = ", ".join((f"SELECT pg_advisory_xact_lock_shared({everybody})", *locks))
    if not many:
        return (first,)
    return (first, _EACH.format("{" + ",".join(map(str, many)) + "}"))


async def hold(connection: AsyncConnection, what: str) -> None:
    """Nobody else holds the same until the transaction ends."""
    if connection.dialect.name == "postgresql":
        await _HELD.on(connection, {"what": _number(what)})


def _words(person: Person) -> tuple[str, ...]:
    return ("person", person.realm, person.subject)


def _number(*words: str) -> int:
    """Return the 64-bit name of a lock; others who use the database have names of their own.

    Two people of one number wait for each other, and for nothing worse.
    """
    found = hashlib.sha256("\0".join(("sidecar", *words)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(found[:8], "big", signed=True)
