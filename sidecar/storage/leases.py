"""Chores that one process at a time does: whose they are, until when, and when last done."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.dialects import upsert
from sidecar.storage.replica_tables import leases

_NOBODY: Final = ""
_ALWAYS: Final = timedelta(0)


class SqlLeases:
    """Leases in `leases`, each moved by one statement that also judges it.

    Whoever is asked for one waits for a transaction that just moved it: commit at once, and work in
    transactions of your own. A lease keeps work from being done twice, not from being done wrong:
    clocks differ, and a holder that was stopped for long goes on late. What is done under one must
    bear being done by two.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(
        self,
        chore: str,
        holder: str,
        now: datetime,
        *,
        lasts: timedelta,
        rests: timedelta = _ALWAYS,
    ) -> bool:
        """Return whether the chore is the holder's now, and for `lasts`.

        It is not while it is anybody's, the same holder's included, nor for `rests` after it was
        last done.
        """
        mine = {"holder": holder, "until": now + lasts}
        free = or_(leases.c.holder == _NOBODY, leases.c.until <= now)
        rested = or_(leases.c.done_at.is_(None), leases.c.done_at <= now - rests)
        taken = await self._connection.execute(
            upsert(self._connection, leases)
            .values(name=chore, **mine)
            .on_conflict_do_update(
                index_elements=(leases.c.name,), set_=mine, where=and_(free, rested)
            )
            .returning(leases.c.name)
        )
        return taken.one_or_none() is not None

    async def renew(self, chore: str, holder: str, now: datetime, *, lasts: timedelta) -> bool:
        """Return whether the chore is still the holder's, and for `lasts` from now on.

        One that ran out is, as long as nobody else took it.
        """
        return await self._moved(chore, holder, until=now + lasts)

    async def release(self, chore: str, holder: str) -> bool:
        """Return whether it was the holder's; it is free, and as undone as before."""
        return await self._moved(chore, holder, holder=_NOBODY)

    async def done(self, chore: str, holder: str, now: datetime) -> bool:
        """Return whether it was the holder's; it is done, and free."""
        return await self._moved(chore, holder, holder=_NOBODY, until=now, done_at=now)

    async def done_at(self, chore: str) -> datetime | None:
        """Return when the chore was last done; None: never."""
        query = select(leases.c.done_at).where(leases.c.name == chore)
        done_at: datetime | None = (await self._connection.execute(query)).scalar_one_or_none()
        return done_at

    async def _moved(self, chore: str, holder: str, /, **values: object) -> bool:
        moved = await self._connection.execute(
            update(leases).where(_held(chore, holder)).values(**values)
        )
        return moved.rowcount == 1


def _held(chore: str, holder: str) -> ColumnElement[bool]:
    return and_(leases.c.name == chore, leases.c.holder == holder)
