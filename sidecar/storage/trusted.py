"""Remembered browsers, found by the hash of their series and rotated by one statement."""

from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Person, TokenHash
from sidecar.core.trusted import GRACE, Rotation, SeriesId, TrustedBrowser, Turn
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.tables import trusted_devices


class SqlTrustedBrowsers:
    """Remembered browsers in `trusted_devices`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, browser: TrustedBrowser, counter: TokenHash) -> None:
        await self._connection.execute(
            insert(trusted_devices).values(
                id=browser.id,
                **person_values(browser.person),
                counter_hash=counter,
                arrived=True,
                factor=browser.factor,
                proven_at=browser.proven_at,
                created_at=browser.created_at,
                expires_at=browser.expires_at,
                last_used_at=browser.last_used_at,
                user_agent=browser.user_agent,
                address=browser.address,
            )
        )

    async def of(self, person: Person, now: datetime) -> tuple[TrustedBrowser, ...]:
        """Return those that are remembered now, last used first."""
        query = select(trusted_devices).where(of_person(trusted_devices, person), _live(now))
        query = query.order_by(trusted_devices.c.last_used_at.desc(), trusted_devices.c.id)
        return tuple(_browser(row) for row in await self._connection.execute(query))

    async def rotate(
        self,
        person: Person,
        series: SeriesId,
        counter: TokenHash,
        *,
        fresh: TokenHash,
        now: datetime,
    ) -> Rotation:
        """The fresh counter is in place, if the one offered was current; by one statement.

        So it is if the one before is offered, and the current one is not known to have arrived.
        """
        mine, kept = and_(_one(person, series), _live(now)), trusted_devices.c
        taken = await self._swap(and_(mine, kept.counter_hash == counter), counter, fresh, now)
        waits = and_(kept.previous_until <= now, kept.arrived.is_(False))
        lost = not taken and await self._swap(
            and_(mine, kept.previous_hash == counter, waits), counter, fresh, now
        )
        row = (await self._connection.execute(select(trusted_devices).where(mine))).one_or_none()
        if row is None:
            return Rotation(Turn.GONE)
        if taken or lost:
            return Rotation(Turn.TAKEN if taken else Turn.LOST, _browser(row))
        recent = row.previous_hash == counter and row.previous_until > now
        return Rotation(Turn.PARALLEL if recent else Turn.OLDER, _browser(row))

    async def _swap(
        self, wanted: ColumnElement[bool], counter: TokenHash, fresh: TokenHash, now: datetime
    ) -> bool:
        swapped = await self._connection.execute(
            update(trusted_devices)
            .where(wanted)
            .values(
                counter_hash=fresh,
                previous_hash=counter,
                previous_until=now + GRACE,
                arrived=False,
                last_used_at=now,
            )
        )
        return swapped.rowcount == 1

    async def arrived(self, person: Person, series: SeriesId) -> None:
        """The current counter reached its browser: whoever has an older one is another."""
        await self._connection.execute(
            update(trusted_devices)
            .where(_one(person, series), trusted_devices.c.arrived.is_(False))
            .values(arrived=True)
        )

    async def end(self, person: Person, series: SeriesId | None, now: datetime) -> int:
        """One browser of the person, or all, are remembered no longer; return how many were."""
        theirs = of_person(trusted_devices, person) if series is None else _one(person, series)
        ended = await self._connection.execute(
            update(trusted_devices)
            .where(theirs, trusted_devices.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        return ended.rowcount

    async def end_everybody(self, now: datetime) -> int:
        """No browser of anybody is remembered any longer; return how many were."""
        ended = await self._connection.execute(
            update(trusted_devices).where(_live(now)).values(ended_at=now)
        )
        return ended.rowcount


def _one(person: Person, series: SeriesId) -> ColumnElement[bool]:
    return and_(of_person(trusted_devices, person), trusted_devices.c.id == series)


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(trusted_devices.c.ended_at.is_(None), trusted_devices.c.expires_at > now)


def _browser(row: Row[*tuple[object, ...]]) -> TrustedBrowser:
    return TrustedBrowser(
        id=SeriesId(row.id),
        person=Person(row.realm, row.subject),
        factor=row.factor,
        proven_at=row.proven_at,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        user_agent=row.user_agent,
        address=row.address,
    )
