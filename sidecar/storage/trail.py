"""The audit trail: append only, each row chained to the one before and tagged with a key."""

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.directory import PERSON_ERASED
from sidecar.core.model import Event, Person
from sidecar.storage.columns import of_person
from sidecar.storage.links import LINK, AnyRow, Links, event_of
from sidecar.storage.locks import LEDGER, hold
from sidecar.storage.tables import audit_events
from sidecar.storage.vault import Vault
from sidecar.storage.written import Written

_BATCH: Final = 500
_ADDED: Final = Written(insert(audit_events), sets=LINK)
_NEWEST: Final = Written(
    select(audit_events.c.hash).order_by(audit_events.c.sequence.desc()).limit(1)
)
_TAKEN_OUT: Final = (
    update(audit_events)
    .where(audit_events.c.sequence == bindparam("which"))
    .values({name: bindparam(name) for name in ("realm", "subject", "mac")})
)
"""Of many rows at once: one by one, whoever has tens of thousands would hold up every writer."""


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
        self._links = Links(vault)

    async def append(self, *events: Event) -> None:
        """The events are the chain's last links, from the moment that the transaction commits."""
        if not events:
            return
        rows, head = [], await self._head()
        for event in events:
            row = self._links.row(head, event)
            rows.append(row)
            head = str(row["hash"])
        if len(rows) == 1:
            await _ADDED.on(self._connection, rows[0])
        else:
            await self._connection.execute(insert(audit_events), rows)

    async def of(self, person: Person, limit: int) -> tuple[Event, ...]:
        """Return the person's latest events, newest first."""
        query = select(audit_events).where(of_person(audit_events, person))
        newest = query.order_by(audit_events.c.sequence.desc()).limit(limit)
        return tuple(event_of(row) for row in await self._connection.execute(newest))

    async def erase(self, person: Person) -> str:
        """Return the pseudonym that stands where the person's name stood in the trail."""
        name, last = self._links.pseudonym(person), 0
        while batch := await self._theirs(person, last):
            rows = [self._nameless(row, name) for row in batch]
            await self._connection.execute(_TAKEN_OUT, rows)
            last = batch[-1].sequence
        return name

    async def _theirs(self, person: Person, sequence: int) -> tuple[AnyRow, ...]:
        """Return some rows of the person after this one, each with the hash of the row before."""
        before = audit_events.alias("before")
        earlier = select(before.c.hash).where(before.c.sequence < audit_events.c.sequence)
        previous = earlier.order_by(before.c.sequence.desc()).limit(1).scalar_subquery()
        theirs = of_person(audit_events, person), audit_events.c.sequence > sequence
        query = select(audit_events, previous.label("previous")).where(*theirs)
        rows = await self._connection.execute(query.order_by(audit_events.c.sequence).limit(_BATCH))
        return tuple(rows)

    def _nameless(self, row: AnyRow, name: str) -> dict[str, object]:
        changes = self._links.erased(row.previous or self._links.genesis(), row, name)
        return {"which": row.sequence, "mac": row.mac, **changes}

    async def verify(self) -> Verdict:
        """Return whether every row still is what was appended, in its place."""
        erased = await self._erased()
        link, rows, last = self._links.genesis(), 0, 0
        while batch := await self._after(last):
            for row in batch:
                reason = self._links.fault(link, row, erased)
                if reason:
                    return Verdict(rows, row.sequence, reason)
                link, rows, last = row.hash, rows + 1, row.sequence
        return Verdict(rows)

    async def _erased(self) -> frozenset[str]:
        """Return the pseudonyms that the trail says were given; whether it may, the walk tells."""
        query = select(audit_events.c.details).where(audit_events.c.name == PERSON_ERASED)
        said = (await self._connection.execute(query)).scalars()
        return frozenset(name for name in map(_pseudonym, said) if name)

    async def _after(self, sequence: int) -> tuple[AnyRow, ...]:
        query = select(audit_events).where(audit_events.c.sequence > sequence)
        rows = await self._connection.execute(query.order_by(audit_events.c.sequence).limit(_BATCH))
        return tuple(rows)

    async def _head(self) -> str:
        """Return the last link; other writers wait, or two rows would follow the same one."""
        await hold(self._connection, LEDGER)
        newest = (await _NEWEST.on(self._connection)).one_or_none()
        return newest.hash if newest is not None else self._links.genesis()


def _pseudonym(details: str) -> str:
    try:
        return str(json.loads(details).get("pseudonym", ""))
    except (ValueError, AttributeError):
        return ""
