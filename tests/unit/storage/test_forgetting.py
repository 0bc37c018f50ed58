"""No verdict depends on what is forgotten; what goes and what stays is the conformance suite's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from sidecar.core.errors import TooManyAttempts
from sidecar.core.model import ChallengeId
from sidecar.storage.sql import SqlStore, SqlTransaction
from sidecar.storage.tables import authenticators
from tests.conformance.stores import ADA, NOW, Travel, authenticator, open_sqlite, sqlite_file
from tests.conformance.tries import TRIES, Run, forgiven, forgotten, tried, write
from tests.unit.flows.scene import quick_folder


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    with quick_folder() as folder:
        opened = await open_sqlite(sqlite_file(folder), Travel())
        yield opened
        await opened.close()


class TakenBackError(Exception):
    """No flow could do so."""


MORE = (
    (),
    (Run(30, timedelta(days=31), known=False, verified=False),),
    (Run(60, timedelta(days=31), known=True, verified=False),),
    (Run(99, timedelta(days=31), known=True, verified=False),),
)
"""What somebody tries later: what is in a row already decides by how much they are stopped."""


async def verdict(store: SqlStore, secret: timedelta | None, more: Sequence[Run]) -> object:
    """Return what is told to whoever tries next, after these tries and with a secret so old."""
    told: list[object] = []
    with suppress(TakenBackError):
        async with store.begin(ADA) as tx:
            await tx.connection.execute(delete(authenticators))
            if secret is not None:
                await tx.authenticators.add(authenticator(created_at=NOW - secret))
            await write(tx, more)
            told.append(await _told(tx))
            raise TakenBackError
    return told


async def _told(tx: SqlTransaction) -> object:
    closed = [
        await tx.attempts.closed(ADA, "totp", known=known, now=NOW) for known in (True, False)
    ]
    challenge = ChallengeId("c")
    try:
        claim = await tx.attempts.claim(ADA, "totp", known=True, challenge=challenge, now=NOW)
    except TooManyAttempts:
        return (*closed, None)
    return (*closed, claim.last)


AGES = st.sampled_from((1, 40, 80, 95, 100, 120, 150)).map(lambda days: timedelta(days=days))
RUNS = st.builds(
    Run,
    number=st.sampled_from((1, 1, 20, 40, 49, 50, 99, 120)),
    age=AGES,
    known=st.booleans(),
    verified=st.sampled_from((False, False, True)),
    factor=st.sampled_from((*TRIES, *TRIES[:1] * 3)),
)


def old(number: int, days: int, *, verified: bool = False, factor: str = "totp") -> Run:
    return Run(number, timedelta(days=days), known=False, verified=verified, factor=factor)


@example([old(50, 150)], None, (None, ()))
@example([old(50, 150), old(1, 120, verified=True, factor="sms")], None, (None, ()))
@example([old(50, 120)], timedelta(days=150), (None, ()))
@example([old(120, 150)], None, (timedelta(days=160), ()))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(RUNS, max_size=6),
    reset=st.none() | AGES,
    then=st.tuples(st.none() | AGES, st.sampled_from(MORE)),
)
async def test_no_limit_is_looser_or_tighter_for_what_is_forgotten(
    store: SqlStore,
    runs: list[Run],
    reset: timedelta | None,
    then: tuple[timedelta | None, Sequence[Run]],
) -> None:
    """Whatever was tried and forgiven, whoever tries next, or tries on, shows told the same before
    and after old tries went.
    """
    await tried(store, runs)
    await forgiven(store, reset)
    before = await verdict(store, *then)
    await forgotten(store)
    assert await verdict(store, *then) == before
