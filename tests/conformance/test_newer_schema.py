"""A store that a newer version moved serves this one: parts of the suites, run on it.

A version replaces another while both run: the schema moves first, and what still runs works on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from sidecar.storage.database import database
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.setup import migrate_down, migrate_up, status
from sidecar.storage.sql import SqlStore
from sidecar.storage.tables import instance
from tests.conformance import (
    test_store,
    test_store_attempts,
    test_store_authenticators,
    test_store_challenges,
    test_store_names,
    test_store_outbox,
    test_store_recoveries,
    test_store_sessions,
    test_store_sweep,
)
from tests.conformance.conftest import opened
from tests.conformance.stores import RING, Travel, authenticator, sqlite_file, url_of
from tests.newer_schema import NEWER, renew, renew_back
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder

_PARTS: tuple[Callable[..., Awaitable[None]], ...] = (
    test_store.test_acts_come_back_newest_first,
    test_store.test_an_invitation_opens_once,
    test_store_attempts.test_buckets_are_apart,
    test_store_authenticators.test_a_code_is_spent_once,
    test_store_authenticators.test_states_follow_the_table,
    test_store_challenges.test_a_challenge_is_its_sessions_alone,
    test_store_names.test_everything_goes_along_with_a_new_name,
    test_store_outbox.test_a_claimed_message_is_what_was_added,
    test_store_recoveries.test_a_newer_request_takes_the_place,
    test_store_sessions.test_elevation_changes_the_token,
    test_store_sweep.test_each_kind_is_kept_for_as_long_as_configured,
)


@pytest.fixture(scope="module")
def renewed() -> Iterator[Path]:
    """A file that was moved once, to be copied."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as beside_the_loop:
        path = sqlite_file(Path(folder))
        beside_the_loop.submit(asyncio.run, renew(url_of(path))).result()
        yield path


@pytest.fixture
async def place(request: pytest.FixtureRequest, kind: str) -> AsyncIterator[str]:
    """A store of each kind in turn, with the schema of the version to come."""
    if kind == "sqlite":
        with quick_folder() as folder:
            yield url_of(Path(copy(request.getfixturevalue("renewed"), folder / "sidecar.db")))
        return
    server: Server = request.getfixturevalue("postgres")
    async with server.store() as url:
        await renew(url)
        yield url


@pytest.mark.parametrize(
    ("kind", "part"),
    [*(("sqlite", part) for part in _PARTS), *(("postgres", part) for part in _PARTS[::3])],
)
async def test_what_this_version_does_is_done_as_ever(
    store: SqlStore, clock: Travel, part: Callable[..., Awaitable[None]]
) -> None:
    """Each part of the suites shows, on the newer schema, what it shows on its own."""
    lent = {"store": store, "clock": clock}
    await part(**{name: lent[name] for name in signature(part).parameters})


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_newer_schema_is_used_and_told(place: str, clock: Travel) -> None:
    """Opening it shows a line of the log; migrating up changes nothing; only the newer version can
    move it down, and then everything is there as before.
    """
    with capture_logs() as lines:
        async with opened(place, clock) as store, store.begin() as tx:
            await tx.authenticators.add(authenticator())
    assert {
        "event": "schema.newer",
        "found": NEWER,
        "known": "0004",
        "log_level": "warning",
    } in lines
    found = await migrate_up(place, RING, clock, create=True)
    assert (found.current, found.revision, found.schema.newer) == (True, NEWER, True)
    assert (await status(place)).current
    with pytest.raises(StoreUnproven, match="of another version: 0005"):
        await migrate_down(place, RING, "-1")
    await renew_back(place)
    assert not (await status(place)).schema.newer
    async with opened(place, clock) as store, store.read() as tx:
        assert await tx.authenticators.of(authenticator().person) == (authenticator(),)


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("says", ["0005", None, "moon"])
async def test_a_schema_that_serves_later_ones_only_is_refused(
    place: str, clock: Travel, says: str | None
) -> None:
    """A schema whose version took away what this one needs shows a refusal, and no change."""
    writer = database(place).writer()
    async with writer.begin() as connection:
        await connection.execute(update(instance).values(serves_from=says))
    await writer.dispose()
    for refused in (opened(place, clock).__aenter__(), migrate_up(place, RING, clock, create=True)):
        with pytest.raises(StoreUnproven, match="of another version: 0005"):
            await refused
    assert (await status(place)).revision == NEWER
    assert not (await status(place)).current
