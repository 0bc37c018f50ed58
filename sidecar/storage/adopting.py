"""Many people's first authenticators at once, in few statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict
from sidecar.core.model import Authenticator, Person
from sidecar.storage.accounts import enrolling
from sidecar.storage.authenticators import NOT_LISTED, SqlAuthenticators
from sidecar.storage.columns import of_people, person_values
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
    """The people are enrolled, as from now.

    What they hold is looked at once their rows are written: whoever enrolls at the same time is
    waited for, and seen.
    """
    enrolled = of_people(accounts, people), accounts.c.enrolled_at.is_not(None)
    await _refuse(connection, select(accounts.c.epoch).where(*enrolled))
    plain = {"enabled": True, "epoch": 0, "created_at": now, "enrolled_at": now, "version": 0}
    enroll = upsert(connection, accounts).on_conflict_do_update(
        index_elements=(accounts.c.realm, accounts.c.subject), set_=enrolling(now)
    )
    await connection.execute(enroll, [{**person_values(person), **plain} for person in people])
    held = of_people(authenticators, people), authenticators.c.status.not_in(NOT_LISTED)
    await _refuse(connection, select(authenticators.c.id).where(*held))
    await connection.execute(
        update(trusted_devices)
        .where(of_people(trusted_devices, people), trusted_devices.c.ended_at.is_(None))
        .values(ended_at=now)
    )


async def _refuse(connection: AsyncConnection, query: Select[*tuple[object, ...]]) -> None:
    if (await connection.execute(query.limit(1))).first() is not None:
        raise Conflict("somebody of them is enrolled already")
