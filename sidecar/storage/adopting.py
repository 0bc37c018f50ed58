"""Many people's first authenticators at once, in few statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict
from sidecar.core.model import Authenticator, Person
from sidecar.storage.accounts import enrolling
from sidecar.storage.authenticators import NOT_LISTED, SqlAuthenticators
from sidecar.storage.columns import person_values
from sidecar.storage.dialects import upsert
from sidecar.storage.tables import accounts, authenticators, trusted_devices
from sidecar.storage.vault import Vault

_AT_A_TIME: Final = 500
"""People of one statement; a database takes no more than 32,766 values in one."""


async def adopt(
    connection: AsyncConnection, vault: Vault, new: Sequence[Authenticator], now: datetime
) -> None:
    """Many authenticators of people who had none are there, and their people are enrolled.

    In the order of people, so that two imports at once wait for one another in the same order.

    Raises:
        Conflict: one of the people holds, or held, something already.

    """
    people = sorted({authenticator.person for authenticator in new})
    for start in range(0, len(people), _AT_A_TIME):
        await _enroll(connection, people[start : start + _AT_A_TIME], now)
    if new:
        await SqlAuthenticators(connection, vault).adopt(new)


async def _enroll(connection: AsyncConnection, people: Sequence[Person], now: datetime) -> None:
    first = {"enabled": True, "epoch": 0, "created_at": now, "enrolled_at": now}
    enrolled = await connection.execute(
        upsert(connection, accounts)
        .values([{**person_values(person), **first} for person in people])
        .on_conflict_do_update(
            index_elements=(accounts.c.realm, accounts.c.subject),
            set_=enrolling(now),
            where=accounts.c.enrolled_at.is_(None),
        )
        .returning(accounts.c.subject)
    )
    listed = authenticators.c.status.not_in(NOT_LISTED)
    held = select(authenticators.c.id).where(_of(authenticators, people), listed).limit(1)
    fresh = len(enrolled.all()) == len(people)
    if not fresh or (await connection.execute(held)).first() is not None:
        raise Conflict("somebody of them is enrolled already")
    await connection.execute(
        update(trusted_devices)
        .where(_of(trusted_devices, people), trusted_devices.c.ended_at.is_(None))
        .values(ended_at=now)
    )


def _of(table: Table, people: Sequence[Person]) -> ColumnElement[bool]:
    names = [(person.realm, person.subject) for person in people]
    return tuple_(table.c.realm, table.c.subject).in_(names)
