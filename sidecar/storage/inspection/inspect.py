"""The whole of a store, looked into part by part; each part in a transaction that only reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sidecar.storage import revisions
from sidecar.storage.inspection.finding import Finding, Kind, Tally
from sidecar.storage.inspection.orphans import orphans
from sidecar.storage.inspection.seals import SEALED, Key, Seals
from sidecar.storage.inspection.soundness import soundness
from sidecar.storage.sql import SqlStore


@dataclass(slots=True)
class Looked:
    """How much was looked at."""

    rows: int = 0
    """That are sealed, or have a tag."""
    events: int = 0
    """Of the audit trail that fit, from the first on."""


async def inspect(store: SqlStore, looked: Looked) -> AsyncIterator[Finding]:
    """Yield what is wrong, part by part; a store that is opened has proven keys and canaries.

    Raises:
        StoreUnavailable: it cannot be read.

    """
    async with store.read() as tx:
        schema = await revisions.schema_of(tx.connection)
        found = await soundness(tx.connection, newer=schema.newer)
    for finding in found:
        yield finding
    if any(finding.kind in {Kind.DAMAGED, Kind.SCHEMA} for finding in found):
        return  # what cannot be read says nothing of what was written
    async with store.read() as tx:
        found = await orphans(tx.connection)
    for finding in found:
        yield finding
    tally = Tally()
    for table, _ in SEALED:
        after: Key | None = None
        while True:
            async with store.read() as tx:
                after = await Seals(tx.connection, store.vault, tally).look(table, after)
            if after is None:
                break
    looked.rows = tally.looked_at
    for finding in tally.findings():
        yield finding
    verdict = await store.verify_trail()
    looked.events = verdict.rows
    if verdict.broken_at is not None:
        rows = (str(verdict.broken_at),)
        yield Finding(Kind.TRAIL, "audit_events", rows=rows, said=verdict.reason)
