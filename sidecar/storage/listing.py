"""People, tries and acts, page by page, and how many there are."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.directory import Census, NumberedEvent, Span, TryRecord, Wanted
from sidecar.core.model import Account, AuthenticatorStatus, Person
from sidecar.core.recoveries import RecoveryStatus
from sidecar.storage.accounts import account_of
from sidecar.storage.client_tables import recovery_requests
from sidecar.storage.columns import of_person
from sidecar.storage.dialects import in_byte_order
from sidecar.storage.links import event_of
from sidecar.storage.tables import accounts, attempts, audit_events, authenticators


class Listing:
    """What is read over more than one person."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(
        self, wanted: Wanted, *, after: Person | None, limit: int
    ) -> tuple[Account, ...]:
        """Return people in the order of realm and subject, byte for byte, after this one."""
        order = in_byte_order(self._connection, accounts)
        query = select(accounts).where(*_wanted(wanted)).order_by(*order).limit(limit)
        if wanted.realm is not None:
            query = query.where(order[0] == wanted.realm)
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(after.realm, after.subject))
        return tuple(account_of(row) for row in await self._connection.execute(query))

    async def tries(self, span: Span, limit: int) -> tuple[TryRecord, ...]:
        """Return tries, newest first."""
        rows = await self._connection.execute(_newest(attempts, "id", "factor", span).limit(limit))
        return tuple(
            TryRecord(
                id=row.id,
                person=Person(row.realm, row.subject),
                factor=row.factor,
                at=row.at,
                verified=row.verified,
                known=row.known,
                settled=row.settled_at is not None,
            )
            for row in rows
        )

    async def events(self, span: Span, limit: int) -> tuple[NumberedEvent, ...]:
        """Return acts, newest first."""
        query = _newest(audit_events, "sequence", "name", span).limit(limit)
        rows = await self._connection.execute(query)
        return tuple(NumberedEvent(row.sequence, event_of(row)) for row in rows)

    async def census(self, since: datetime, now: datetime) -> Census:
        """Return what is counted over everybody."""
        people, enrolled, disabled = (
            await self._connection.execute(
                select(
                    func.count(),
                    func.count(accounts.c.enrolled_at),
                    func.count(case((accounts.c.enabled.is_(False), 1))),
                ).select_from(accounts)
            )
        ).one()
        waiting = select(func.count()).where(
            recovery_requests.c.status == RecoveryStatus.PENDING,
            recovery_requests.c.expires_at > now,
        )
        recent = attempts.c.at >= since
        return Census(
            people=people,
            enrolled=enrolled,
            disabled=disabled,
            authenticators=await self._by_factor(
                authenticators, authenticators.c.status == AuthenticatorStatus.ACTIVE
            ),
            verified=await self._by_factor(attempts, and_(recent, attempts.c.verified)),
            rejected=await self._by_factor(attempts, and_(recent, attempts.c.verified.is_(False))),
            recoveries=(await self._connection.execute(waiting)).scalar_one(),
        )

    async def _by_factor(self, table: Table, wanted: ColumnElement[bool]) -> Mapping[str, int]:
        query = (
            select(table.c.factor, func.count().label("number"))
            .where(wanted)
            .group_by(table.c.factor)
        )
        rows = await self._connection.execute(query.order_by(table.c.factor))
        return {row.factor: row.number for row in rows}


def _wanted(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.enabled is not None:
        conditions.append(accounts.c.enabled.is_(wanted.enabled))
    if wanted.enrolled is not None:
        conditions.append(accounts.c.enrolled_at.is_not(None).is_(wanted.enrolled))
    return conditions


def _newest(table: Table, number: str, name: str, span: Span) -> Select[*tuple[object, ...]]:
    query = select(table).order_by(table.c[number].desc())
    if span.person is not None:
        query = query.where(of_person(table, span.person))
    if span.name is not None:
        query = query.where(table.c[name] == span.name)
    if span.since is not None:
        query = query.where(table.c.at >= span.since)
    if span.until is not None:
        query = query.where(table.c.at < span.until)
    if span.before is not None:
        query = query.where(table.c[number] < span.before)
    return query
