"""What the store knows of root keys: since when, until when, and which processes have them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.replicas import REMOVED_AFTER, Replica
from sidecar.storage.replicas import SqlReplicas
from sidecar.storage.tables import canaries


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A root key that some process served with."""

    id: str
    created_at: datetime
    active_at: datetime | None
    """Since when everything was made with it; None: nothing ever was."""
    retired_at: datetime | None
    """Until when; None: it still is."""
    dropped_at: datetime | None
    """Since when processes serve without it."""
    distrusted_at: datetime | None
    """When it was declared to have leaked."""


class KnownKeys:
    """Keys in `key_canaries`, and who has them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> tuple[KnownKey, ...]:
        """Return every key that there ever was, oldest first."""
        query = select(canaries).order_by(canaries.c.created_at, canaries.c.key_id)
        return tuple(
            KnownKey(
                *(row.key_id, row.created_at),
                active_at=row.active_at,
                retired_at=row.retired_at,
                dropped_at=row.dropped_at,
                distrusted_at=row.distrusted_at,
            )
            for row in await self._connection.execute(query)
        )

    async def processes(self, now: datetime) -> tuple[Replica, ...]:
        """Return the replicas that serve; none where there is one process, which tells nobody.

        Whoever gave no beat for as long as its row stays is gone, whether or not it was removed.
        """
        known = await SqlReplicas(self._connection, lambda: now).all()
        living = [one.replica for one in known if one.age < REMOVED_AFTER]
        return tuple(sorted(living, key=lambda one: one.place))

    async def retire(self, key_id: str, now: datetime) -> None:
        """Nothing is made with the key from now on: no process does any more."""
        one = canaries.c.key_id == key_id
        await self._connection.execute(update(canaries).where(one).values(retired_at=now))

    async def distrust(self, active: str, now: datetime) -> tuple[str, ...]:
        """Whatever somebody carries counts for nothing if another key than this one made it."""
        leaked = canaries.c.key_id != active, canaries.c.distrusted_at.is_(None)
        changed = update(canaries).where(*leaked).values(distrusted_at=now)
        rows = await self._connection.execute(changed.returning(canaries.c.key_id))
        return tuple(rows.scalars())
