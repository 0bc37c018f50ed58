"""Rows whose person, authenticator or decision is missing, or is somebody else's."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Purpose
from sidecar.core.recoveries import RecoveryStatus
from sidecar.storage.client_tables import recovery_approvals, recovery_requests
from sidecar.storage.inspection.finding import SHOWN, Finding, Kind
from sidecar.storage.tables import (
    accounts,
    authenticators,
    backup_codes,
    challenges,
    hardware_keys,
    sessions,
    trusted_devices,
)

_GONE: Final = ("pending", "removed")
_DECIDED: Final = (RecoveryStatus.APPROVED, RecoveryStatus.DENIED)

Question = tuple[Kind, str, Table, ColumnElement[bool]]


async def orphans(connection: AsyncConnection) -> list[Finding]:
    """Return the rows that are of nobody, of the wrong one, or ahead of their person."""
    found = []
    for kind, where, table, wrong in _questions():
        number = await connection.execute(select(func.count()).select_from(table).where(wrong))
        if count := number.scalar_one():
            rows = await connection.execute(_first(table, wrong))
            named = tuple("/".join(map(str, row)) for row in rows)
            found.append(Finding(kind, where, count, named))
    return found


def _first(table: Table, wrong: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    key = tuple(table.primary_key.columns)
    return select(*key).where(wrong).order_by(*key).limit(SHOWN)


def _questions() -> Iterator[Question]:
    held = authenticators.c.status.not_in(_GONE)
    yield _orphan("authenticators without a person", authenticators, held, _person(authenticators))
    live = trusted_devices.c.ended_at.is_(None)
    yield _orphan(
        "remembered browsers without a person", trusted_devices, live, _person(trusted_devices)
    )
    for table in (hardware_keys, backup_codes):
        owner = exists().where(authenticators.c.id == table.c.authenticator_id)
        yield Kind.ORPHAN, f"{table.name} without an authenticator", table, not_(owner)
    # What is being set up has its id before it has a row: it gets one once it was confirmed.
    open_ = and_(
        challenges.c.consumed_at.is_(None),
        challenges.c.purpose != Purpose.ENROLL,
        challenges.c.authenticator_id.is_not(None),
    )
    named = exists().where(authenticators.c.id == challenges.c.authenticator_id)
    yield _orphan("open challenges without an authenticator", challenges, open_, named)
    decided = recovery_requests.c.status.in_(_DECIDED)
    by = exists().where(recovery_approvals.c.request_id == recovery_requests.c.id)
    yield _orphan("recoveries decided by nobody", recovery_requests, decided, by)
    yield Kind.CROSSED, "challenges in another person's session", challenges, _crossed()
    yield Kind.AHEAD, "sessions ahead of their person", sessions, _ahead()


def _orphan(
    where: str, table: Table, counts: ColumnElement[bool], there: ColumnElement[bool]
) -> Question:
    return Kind.ORPHAN, where, table, and_(counts, not_(there))


def _same(one: Table, other: Table) -> ColumnElement[bool]:
    return and_(one.c.realm == other.c.realm, one.c.subject == other.c.subject)


def _person(table: Table) -> ColumnElement[bool]:
    return exists().where(_same(accounts, table))


def _crossed() -> ColumnElement[bool]:
    """Sessions that have no row are no fault: they may be kept elsewhere, or over."""
    mine = and_(sessions.c.id == challenges.c.session_id, not_(_same(sessions, challenges)))
    return and_(challenges.c.consumed_at.is_(None), exists().where(mine))


def _ahead() -> ColumnElement[bool]:
    behind = and_(_same(accounts, sessions), accounts.c.epoch < sessions.c.epoch)
    return and_(sessions.c.status != "ended", exists().where(behind))
