"""Resealing is one process' at a time, waits for whoever was killed, and tells how far it is."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from sidecar import rotating
from sidecar.core.errors import Conflict
from sidecar.rotating import CHORE, peppers_of
from sidecar.storage.leases import SqlLeases
from sidecar.storage.replica_tables import replicas
from tests.conformance.ringed import K2, OLD_K1, fill, resealed, rotation, served
from tests.conformance.stores import K1, NOW, Travel, sqlite_file, url_of
from tests.unit.settings import build


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """Return a store in which everything was made with the key before, and a new one is active."""
    where = url_of(sqlite_file(tmp_path))
    async with served(where, Travel(), K1) as store:
        await fill(store)
    async with served(where, Travel(), K2, OLD_K1):
        return where


async def test_it_tells_how_far_it_is(url: str) -> None:
    """What is told shows every table, and in the end as many rows as were counted before."""
    told: list[tuple[int, str]] = []
    async with rotation(url, Travel(), K2, OLD_K1) as work:
        total = await work.total()
        await work.reseal(lambda done, text: told.append((done, text)))
        assert await work.total() == 0
    assert (total, told[-1][0]) == (11, 11)
    assert "authenticators: 6 rows" in {text for _, text in told}


async def test_one_at_a_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that somebody renews shows a refusal; one that was left behind is waited for."""
    monkeypatch.setattr(rotating, "LASTS", timedelta(seconds=1))
    clock = Travel()
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 5:
            clock.forward(seconds=1)

    monkeypatch.setattr(asyncio, "sleep", wait)
    async with served(url, clock, K2, OLD_K1) as store, store.aside() as connection:
        lasts = timedelta(seconds=1)
        assert await SqlLeases(connection).take(CHORE, "killed", clock.now, lasts=lasts)
    with pytest.raises(Conflict, match="under way"):
        await resealed(url, clock, K2, OLD_K1)
    waits += [0.0] * 6
    assert (await resealed(url, clock, K2, OLD_K1)).changed["authenticators"] == 6


async def test_a_replica_that_goes_on_with_the_old_key_is_told(url: str) -> None:
    """A process that still makes everything with the old key shows it not retired yet."""
    row = {"id": "x", "place": "pod-1:7", "version": "1", "sequence": 1, "started_at": NOW}
    async with served(url, Travel(), K2, OLD_K1) as store, store.aside() as connection:
        await connection.execute(insert(replicas), [row | {"keys": "k1,k2", "beat_at": NOW}])
    outcome = await resealed(url, Travel(), K2, OLD_K1)
    assert outcome.busy == {"k1": ("pod-1:7",)}
    async with rotation(url, Travel(), K2, OLD_K1) as work:
        assert not next(key for key in (await work.survey()).keys if key.id == "k1").droppable


async def test_a_replica_that_lacks_the_new_key_is_in_the_way(url: str) -> None:
    """A process that could not read what is resealed shows a refusal before anything is changed."""
    row = {"id": "x", "place": "pod-1:7", "version": "1", "sequence": 1, "started_at": NOW}
    async with served(url, Travel(), K2, OLD_K1) as store, store.aside() as connection:
        await connection.execute(insert(replicas), [row | {"keys": "k1", "beat_at": NOW}])
    with pytest.raises(Conflict, match="pod-1:7 cannot read"):
        await resealed(url, Travel(), K2, OLD_K1)


def test_every_plugin_has_a_pepper() -> None:
    """A configuration shows the roles and names that peppers are derived for."""
    peppers = peppers_of(build.load(factors={"totp": {"issuer": "x"}}))
    assert ("factors", "totp") in peppers
    assert "identity" in {role for role, _ in peppers}
