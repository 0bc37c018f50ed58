"""Tries of long ago, written behind the back of whoever counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, update

from sidecar.storage.columns import person_values
from sidecar.storage.forgetting import forgetting
from sidecar.storage.sql import SqlStore, SqlTransaction
from sidecar.storage.tables import accounts, attempts
from tests.conformance.stores import ADA, NOW
from tests.conformance.sweeping import done

TRIES = ("totp", "sms")


@dataclass(frozen=True)
class Run:
    """Some tries in a row, alike."""

    number: int
    age: timedelta
    known: bool
    verified: bool
    factor: str = "totp"


async def tried(store: SqlStore, runs: Sequence[Run]) -> None:
    """These are all the tries there are, from the oldest on."""
    async with store.begin(ADA) as tx:
        await tx.connection.execute(delete(attempts))
        await write(tx, runs)


async def write(tx: SqlTransaction, runs: Sequence[Run]) -> None:
    """There are these tries too, from the oldest on."""
    rows = [
        {
            **person_values(ADA),
            "factor": run.factor,
            "known": run.known,
            "challenge_id": "c",
            "at": NOW - run.age + timedelta(seconds=number),
            "settled_at": NOW - run.age,
            "verified": run.verified,
        }
        for run in sorted(runs, key=lambda run: -run.age)
        for number in range(run.number)
    ]
    if rows:
        await tx.connection.execute(insert(attempts), rows)


async def forgiven(store: SqlStore, age: timedelta | None) -> None:
    async with store.begin(ADA) as tx:
        await tx.accounts.ensure(ADA, NOW)
        reset_at = None if age is None else NOW - age
        await tx.connection.execute(update(accounts).values(reset_at=reset_at))


async def forgotten(store: SqlStore, days: int = 90) -> int:
    """Return how many tries went."""
    return await done(store, [forgetting(timedelta(days=days), NOW)])
