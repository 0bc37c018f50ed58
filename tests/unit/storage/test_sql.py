"""Processes that share a file, are killed, or find their file gone."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.tuning import PATIENT, Tuning
from tests.conformance.stores import (
    ADA,
    NOW,
    RING,
    Travel,
    authenticator,
    session,
    sqlite_file,
    token,
    url_of,
)

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def process(act: str, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the claimer until it is ready; it never outlives the block."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.unit.storage.claimer", act, str(path)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await said(child) == "open"
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def said(child: asyncio.subprocess.Process) -> str:
    assert child.stdout is not None
    return (await asyncio.wait_for(child.stdout.readline(), 30)).decode().strip()


@asynccontextmanager
async def opened(path: Path, tuning: Tuning = PATIENT) -> AsyncIterator[SqlStore]:
    store = await open_store(url_of(path), RING, Travel(), tuning=tuning)
    try:
        yield store
    finally:
        await store.close()


async def test_processes_count_together(tmp_path: Path) -> None:
    """THREATS 50: four processes with fifty claims each, on one file, show five let through."""
    path = sqlite_file(tmp_path)
    async with (
        process("claim", path) as one,
        process("claim", path) as two,
        process("claim", path) as three,
        process("claim", path) as four,
    ):
        children = (one, two, three, four)
        for child in children:
            assert child.stdin is not None
            child.stdin.write(b"go\n")
        assert sum([int(await said(child)) for child in children]) == 5


async def test_a_kill_after_the_commit_loses_nothing(tmp_path: Path) -> None:
    """SIGKILL right after a commit was acknowledged shows every row of it on the next start."""
    path = sqlite_file(tmp_path)
    async with process("committed", path) as child:
        assert await said(child) == "committed"
        child.kill()
        await child.wait()
    async with opened(path) as store:
        async with store.read() as tx:
            account = await tx.accounts.get(ADA)
            assert account is not None
            assert account.enrolled_at == NOW
            assert await tx.authenticators.of(ADA) == (authenticator(),)
            assert len(await tx.trail.of(ADA, 9)) == 1
        assert (await store.verify_trail()).broken_at is None


async def test_a_kill_before_the_commit_leaves_nothing(tmp_path: Path) -> None:
    """SIGKILL inside a transaction shows none of it, and the file free for the next writer."""
    path = sqlite_file(tmp_path)
    async with process("writing", path) as child:
        assert await said(child) == "writing"
        child.kill()
        await child.wait()
    async with opened(path) as store, asyncio.timeout(5), store.begin() as tx:
        assert await tx.accounts.get(ADA) is None
        assert await tx.authenticators.of(ADA) == ()
        await tx.accounts.ensure(ADA, NOW)


async def test_readiness_sees_a_removed_or_exchanged_file(tmp_path: Path) -> None:
    """Promise 2: a database removed or replaced under a running process shows as unavailable."""
    path = sqlite_file(tmp_path)
    async with opened(path) as store:
        await store.ping()
        path.rename(tmp_path / "away.db")
        with pytest.raises(StoreUnavailable):
            await store.ping()
        path.touch()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        (tmp_path / "away.db").replace(path)
        await store.ping()


async def test_a_broken_driver_is_unavailable(tmp_path: Path) -> None:
    """A table that vanished shows as `StoreUnavailable` that names no value."""
    path = sqlite_file(tmp_path)
    async with opened(path) as store:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE sessions")
        other.close()
        with pytest.raises(StoreUnavailable) as failed:
            async with store.begin() as tx:
                await tx.sessions.add(session(), token("very-secret"))
        assert failed.value.retry_after_s == 5
        assert "very-secret" not in f"{failed.value} {failed.value.__cause__}"


async def test_a_transaction_inside_another_is_refused_in_time(tmp_path: Path) -> None:
    """Writing inside an open write shows a refusal after the wait, not a process that hangs."""
    async with opened(sqlite_file(tmp_path), Tuning(wait_s=0.1)) as store, store.begin() as tx:
        await tx.accounts.ensure(ADA, NOW)
        with pytest.raises(StoreUnavailable) as refused:
            async with store.begin():
                pass
        assert (refused.value.why, refused.value.retry_after_s) == (Unserved.CROWDED, 2)
