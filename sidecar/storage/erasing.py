"""Somebody is erased: what must stay is kept under a pseudonym, and all else goes."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.directory import ERASED
from sidecar.core.model import Person
from sidecar.storage.client_tables import recovery_requests
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.feed import SqlFeed
from sidecar.storage.tables import (
    accounts,
    attempts,
    authenticators,
    challenges,
    invitations,
    notification_addresses,
    outbox,
    sessions,
    trusted_devices,
)
from sidecar.storage.trail import SqlTrail
from sidecar.storage.vault import Vault

_GONE: Final = (
    *(authenticators, notification_addresses, recovery_requests, accounts),
    *(challenges, invitations, outbox, sessions, trusted_devices),
)


async def erase(connection: AsyncConnection, vault: Vault, person: Person, now: datetime) -> str:
    """Return the pseudonym that tries and audit rows are kept under; all else goes.

    But for the feed: every process has to hear whose sessions are over, so that their name
    stands there until old rows of it are swept away.
    """
    for table in _GONE:
        await connection.execute(delete(table).where(of_person(table, person)))
    name = await SqlTrail(connection, vault).erase(person)
    await connection.execute(
        update(attempts)
        .where(of_person(attempts, person))
        .values(**person_values(Person(ERASED, name)))
    )
    await SqlFeed(connection).append("person", person, None, now)
    return name
