"""Somebody is called otherwise: everything of theirs goes along, and is sealed to the new name."""

from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict
from sidecar.core.model import Person
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.challenges import SqlChallenges
from sidecar.storage.client_tables import recovery_requests
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.contacts import SqlContacts
from sidecar.storage.feed import SqlFeed
from sidecar.storage.invitations import SqlInvitations
from sidecar.storage.outbox import SqlOutbox
from sidecar.storage.sessions import SqlSessions
from sidecar.storage.tables import (
    accounts,
    attempts,
    authenticators,
    challenges,
    invitations,
    notification_addresses,
    sessions,
    trusted_devices,
)
from sidecar.storage.trusted import SqlTrustedBrowsers
from sidecar.storage.vault import Vault

_TAKEN: Final = (accounts, authenticators, notification_addresses, attempts, recovery_requests)
"""Whoever has a row there is somebody."""

_PLAIN: Final = (
    *(attempts, recovery_requests),
    *(challenges, invitations, sessions, trusted_devices),
)
"""Rows that hold nothing bound to the name; the latter are void by then."""


class Renaming:
    """Moves every row of a person."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def rename(self, person: Person, to: Person, now: datetime) -> None:
        """Everything of the person is the other name's; what was in flight is void.

        Raises:
            Conflict: somebody has that name already.

        """
        theirs = of_person(accounts, person)
        await self._connection.execute(select(accounts.c.epoch).where(theirs).with_for_update())
        await self._require_free(to)
        await self._void(person, now)
        await SqlAuthenticators(self._connection, self._vault).hand_over(person, to, now)
        await SqlContacts(self._connection, self._vault).hand_over(person, to)
        await SqlOutbox(self._connection, self._vault).hand_over(person, to, now)
        for table in _PLAIN:
            mine = of_person(table, person)
            await self._connection.execute(update(table).where(mine).values(**person_values(to)))
        await self._connection.execute(
            update(accounts).where(theirs).values(**person_values(to), epoch=accounts.c.epoch + 1)
        )
        await self._tell(person, to, now)

    async def _require_free(self, name: Person) -> None:
        for table in _TAKEN:
            taken = select(table.c.subject).where(of_person(table, name)).limit(1)
            if (await self._connection.execute(taken)).first() is not None:
                raise Conflict("somebody has that name already")

    async def _void(self, person: Person, now: datetime) -> None:
        await SqlChallenges(self._connection, self._vault).void(person, now)
        await SqlInvitations(self._connection, lambda: now).void(person, now)
        await SqlTrustedBrowsers(self._connection).end(person, None, now)
        # The id of a program's session says its person: whoever has the old name next needs it.
        programs = and_(of_person(sessions, person), sessions.c.client != "")
        await self._connection.execute(delete(sessions).where(programs))

    async def _tell(self, person: Person, to: Person, now: datetime) -> None:
        """Nothing of either name that a process remembers is of use any more."""
        for name in (person, to):
            await SqlSessions(self._connection).end(name, None)
        for name in (person, to):
            await SqlFeed(self._connection).append("person", name, None, now)
