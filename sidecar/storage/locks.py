"""Who waits for whom where writers do not queue by themselves, as they do on SQLite.

A transaction holds, in this order: a share of `EVERYBODY`, or all of it; the people it is about, by
number; `LEDGER`, once it writes what is ordered across people. Rows of others it never waits for
while it holds the ledger, so that no two ever wait for each other.
"""

import hashlib
from typing import Final

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Person
from sidecar.core.stores import APART
from sidecar.storage.written import Written

MIGRATING: Final = "migrating"
EVERYBODY: Final = "everybody"
LEDGER: Final = "ledger"
"""The order of the feed and of the trail, and what all people together may cost."""

_FEW: Final = 3
"""People whom the statement names one by one, as nearly every transaction does."""
_SHARED: Final = func.pg_advisory_xact_lock_shared(bindparam("everybody", type_=BigInteger))
_APART: Final = Written(select(_SHARED.label("everybody")))
_ONE: Final = Written(
    select(
        _SHARED.label("everybody"),
        func.pg_advisory_xact_lock(bindparam("person", type_=BigInteger)).label("person"),
    )
)
"""What nearly every transaction holds: its one person."""
_HELD: Final = Written(
    select(func.pg_advisory_xact_lock(bindparam("what", type_=BigInteger)).label("what"))
)
_EACH: Final = text(
    "SELECT pg_advisory_xact_lock(number) FROM unnest(:numbers) AS number"
).bindparams(bindparam("numbers", type_=ARRAY(BigInteger)))
"""For an import, which is about hundreds."""


async def enter(connection: AsyncConnection, people: tuple[Person, ...]) -> None:
    """No other transaction about these people goes on until this one ends; with none, no other."""
    if connection.dialect.name != "postgresql":
        return
    numbers = sorted(_number(*_words(person)) for person in people if person != APART)
    everybody = _number(EVERYBODY)
    if not numbers and APART not in people:
        await connection.execute(select(func.pg_advisory_xact_lock(everybody)))
        return
    if len(numbers) <= 1:
        said = {"everybody": everybody, **({"person": numbers[0]} if numbers else {})}
        await (_ONE if numbers else _APART).on(connection, said)
        return
    shared = func.pg_advisory_xact_lock_shared(everybody)
    few = numbers if len(numbers) <= _FEW else []
    await connection.execute(select(shared, *map(func.pg_advisory_xact_lock, few)))
    if not few and numbers:
        await connection.execute(_EACH, {"numbers": numbers})


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
