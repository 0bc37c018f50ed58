"""The rows by which the processes of one installation know each other."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.protocols import Clock
from sidecar.core.replicas import GONE_AFTER, REMOVED_AFTER, TRUSTED_FOR, Beaten, Replica
from sidecar.storage.columns import Utc
from sidecar.storage.dialects import upsert
from sidecar.storage.replica_tables import replicas


class SqlReplicas:
    """Processes in `replicas`; on PostgreSQL no clock but the server's has a say."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def beat(self, replica: Replica) -> bool:
        """The process is known to live, and to have read so far; see `Replicas`."""
        row = replicas.c.id == replica.id
        awaited = replicas.c.beat_at > self._ago(TRUSTED_FOR)
        values = {"sequence": replica.sequence, "beat_at": self._ago()}
        lasted = await self._connection.execute(update(replicas).where(row, awaited).values(values))
        if lasted.rowcount:
            return True
        await self._connection.execute(
            upsert(self._connection, replicas)
            .values(
                id=replica.id,
                place=replica.place,
                version=replica.version,
                keys=",".join(replica.keys),
                started_at=self._ago(),
                **values,
            )
            .on_conflict_do_update(index_elements=[replicas.c.id], set_=values)
        )
        return False

    async def leave(self, which: str) -> None:
        """Nobody waits for the process any more."""
        await self._connection.execute(delete(replicas).where(replicas.c.id == which))

    async def clear(self) -> None:
        """Processes that gave no beat for a minute are forgotten."""
        old = replicas.c.beat_at < self._ago(REMOVED_AFTER)
        await self._connection.execute(delete(replicas).where(old))

    async def read_by_all(self, *, but: str) -> int | None:
        """Return up to where all live processes but this one have read; None: there is no other."""
        live = replicas.c.beat_at > self._ago(GONE_AFTER)
        query = select(func.min(replicas.c.sequence)).where(replicas.c.id != but, live)
        found: int | None = (await self._connection.execute(query)).scalar_one()
        return found

    async def all(self) -> tuple[Beaten, ...]:
        """Return every process that is known, the longest running first."""
        query = select(replicas, self._ago().label("now"))
        found = await self._connection.execute(query.order_by(replicas.c.started_at))
        return tuple(
            Beaten(
                Replica(row.id, row.place, row.version, tuple(row.keys.split(",")), row.sequence),
                row.started_at,
                row.now - row.beat_at,
            )
            for row in found
        )

    def _ago(self, length: timedelta = timedelta()) -> ColumnElement[datetime]:
        """Return the moment so long ago, as the database knows it.

        SQLite is on the machine whose clock is asked.
        """
        if self._connection.dialect.name == "postgresql":
            return func.clock_timestamp(type_=Utc) - literal(length)
        return literal(self._clock() - length, Utc)
