"""Each thing that can be wrong is found, and told as what it is."""

from collections.abc import AsyncIterator

import pytest

from sidecar.storage.inspection.finding import Kind
from sidecar.storage.sql import SqlStore
from tests.conformance.furnished import change, found, furnish
from tests.conformance.stores import Travel, open_sqlite, sqlite_file
from tests.unit.flows.scene import quick_folder


@pytest.fixture
async def furnished() -> AsyncIterator[SqlStore]:
    with quick_folder() as folder:
        store = await open_sqlite(sqlite_file(folder), Travel())
        await furnish(store)
        yield store
        await store.close()


COPIED = (
    "UPDATE authenticators SET material ="
    " (SELECT material FROM authenticators WHERE id = 'a1') WHERE id = 'a2'"
)
WRONG = {
    "UPDATE authenticators SET material = 'secret' WHERE id = 'a1'": (
        *(Kind.UNSEALED, "authenticators.material", "a1"),
    ),
    COPIED: (Kind.MOVED, "authenticators.material", "a2"),
    "UPDATE outbox SET message = replace(message, 'v1:k1:', 'v1:k9:') WHERE id = 'p1'": (
        *(Kind.UNKNOWN_KEY, "outbox.message", "p1"),
    ),
    "UPDATE two_factor_challenges SET state = substr(state, 1, 40) WHERE id = 'c1'": (
        *(Kind.BROKEN, "two_factor_challenges.state", "c1"),
    ),
    "UPDATE outbox SET subject = 'eve' WHERE id = 'p2'": (Kind.MOVED, "outbox.message", "p2"),
    "UPDATE authenticators SET status = 'active' WHERE id = 'a4'": (
        *(Kind.UNVOUCHED, "authenticators.mac", "a4"),
    ),
    "DELETE FROM backup_codes": (Kind.UNVOUCHED, "authenticators.mac", "a3"),
    "UPDATE api_tokens SET scopes = '[]'": (Kind.UNVOUCHED, "api_tokens.mac", "t1"),
    "DELETE FROM two_factor_configs WHERE realm = 'other'": (
        *(Kind.ORPHAN, "authenticators without a person", "a2"),
    ),
    "UPDATE two_factor_challenges SET authenticator_id = 'a9' WHERE id = 'c1'": (
        *(Kind.ORPHAN, "open challenges without an authenticator", "c1"),
    ),
    "DELETE FROM recovery_approvals": (Kind.ORPHAN, "recoveries decided by nobody", "r2"),
    "UPDATE two_factor_challenges SET session_id = 's1' WHERE id = 'c2'": (
        *(Kind.CROSSED, "challenges in another person's session", "c2"),
    ),
    "UPDATE sessions SET epoch = 7 WHERE id = 's2'": (
        *(Kind.AHEAD, "sessions ahead of their person", "s2"),
    ),
    "DELETE FROM audit_events WHERE sequence = 1": (Kind.TRAIL, "audit_events", "2"),
    "DROP INDEX ix_sessions_expires_at": (Kind.SCHEMA, "sessions.ix_sessions_expires_at"),
    "CREATE TABLE moons (id INTEGER)": (Kind.SCHEMA, "moons"),
    "ALTER TABLE sessions DROP COLUMN user_agent": (Kind.SCHEMA, "sessions.user_agent"),
}
"""Statements, and what is found after each."""


@pytest.mark.parametrize("statement", WRONG)
async def test_what_is_wrong_is_found(furnished: SqlStore, statement: str) -> None:
    """A change behind the store's back shows as what it is, with the row, and nothing else does."""
    await change(furnished, statement)
    (finding,) = await found(furnished)
    assert (finding.kind, finding.where, *finding.rows) == WRONG[statement]


async def test_tables_that_are_others_are_not_read(furnished: SqlStore) -> None:
    """A store that lacks a column shows that alone: what reading it would say means nothing."""
    await change(
        furnished,
        "UPDATE authenticators SET level = 3 WHERE id = 'a1'",
        "ALTER TABLE sessions DROP COLUMN user_agent",
    )
    assert [finding.kind for finding in await found(furnished)] == [Kind.SCHEMA]
