"""The audit trail: append only, each row chained to the one before and tagged with a key."""

import json
from dataclasses import dataclass

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Event, Person
from sidecar.storage.columns import of_person
from sidecar.storage.tables import (
    audit_events,
    instance,
)
from sidecar.storage.vault import Vault, canonical, digest

_BATCH = 500

AnyRow = Row[*tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found."""

    rows: int
    """How many rows fit, from the first on."""
    broken_at: int | None = None
    """The sequence number of the first row that does not; None: all fit."""
    reason: str = ""


class SqlTrail:
    """Events in `audit_events`: h = SHA-256(previous h ‖ canonical row), and a keyed tag over h.

    The hash alone could be recomputed by whoever can write the table; the tag cannot. That the
    last rows are missing is not seen here: it takes a copy of the head kept elsewhere.
    """

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def append(self, event: Event) -> None:
        """The event is the chain's last link, from the moment that the transaction commits."""
        link = digest(bytes.fromhex(await self._head()), _spelled(event))
        person = event.person
        await self._connection.execute(
            insert(audit_events).values(
                at=event.at,
                name=event.name,
                realm=None if person is None else person.realm,
                subject=None if person is None else person.subject,
                actor=event.actor,
                request_id=event.request_id,
                details=canonical(dict(event.details)).decode(),
                hash=link,
                mac=self._vault.ring.vouch("audit", bytes.fromhex(link)),
            )
        )

    async def of(self, person: Person, limit: int) -> tuple[Event, ...]:
        """Return the person's latest events, newest first."""
        query = select(audit_events).where(of_person(audit_events, person))
        newest = query.order_by(audit_events.c.sequence.desc()).limit(limit)
        return tuple(_event(row) for row in await self._connection.execute(newest))

    async def verify(self) -> Verdict:
        """Return whether every row still is what was appended, in its place."""
        link, rows, last = self._genesis(), 0, 0
        while batch := await self._after(last):
            for row in batch:
                link = _link(link, row)
                reason = self._mismatch(row, link)
                if reason:
                    return Verdict(rows, row.sequence, reason)
                rows, last = rows + 1, row.sequence
        return Verdict(rows)

    def _mismatch(self, row: AnyRow, link: str) -> str:
        if row.hash != link:
            return "the row was changed, or one before it was removed or moved"
        if not self._vault.ring.vouched("audit", bytes.fromhex(link), row.mac):
            return "the row was not written with a key of ours"
        return ""

    async def _after(self, sequence: int) -> tuple[AnyRow, ...]:
        query = select(audit_events).where(audit_events.c.sequence > sequence)
        rows = await self._connection.execute(query.order_by(audit_events.c.sequence).limit(_BATCH))
        return tuple(rows)

    async def _head(self) -> str:
        """Return the last link; other writers wait, or two rows would follow the same one."""
        await self._connection.execute(select(instance.c.id).with_for_update())
        newest = select(audit_events.c.hash).order_by(audit_events.c.sequence.desc()).limit(1)
        head: str | None = (await self._connection.execute(newest)).scalar_one_or_none()
        return head or self._genesis()

    def _genesis(self) -> str:
        return digest(b"sidecar/audit/", self._vault.instance.encode())


def _link(previous: str, row: AnyRow) -> str:
    """Return the hash the row must have; empty where it cannot even be read."""
    try:
        return digest(bytes.fromhex(previous), _spelled(_event(row)))
    except ValueError:
        return ""


def _spelled(event: Event) -> bytes:
    person = event.person
    return canonical(
        [
            f"{event.at.timestamp():.6f}",
            event.name,
            None if person is None else [person.realm, person.subject],
            event.actor,
            event.request_id,
            dict(event.details),
        ]
    )


def _event(row: AnyRow) -> Event:
    nobody = row.realm is None or row.subject is None
    return Event(
        at=row.at,
        name=row.name,
        person=None if nobody else Person(row.realm, row.subject),
        actor=row.actor,
        request_id=row.request_id,
        details=json.loads(row.details),
    )
