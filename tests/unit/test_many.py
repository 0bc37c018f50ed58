"""Twin of sidecar/many.py: processes on one database that know each other."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar import many
from sidecar.many import join, leaving
from sidecar.proxy.board import Board
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.stores import K1
from tests.unit.flows.scene import scene

RING = KeyRing((K1, RootKey("k2", bytes(32), active=False)))


async def test_marks_are_the_same_everywhere(tmp_path: Path) -> None:
    """Two processes show one key of marks, which changes with the installation alone, and boards
    that trust what is known for as long as the feed is read.
    """
    boards = [Board() for _ in range(3)]
    async with scene(tmp_path) as one, scene(tmp_path, one.clock) as two:
        rotated = KeyRing((RootKey("k1", K1.secret, active=False), RootKey("k2", bytes(32))))
        for place, board, ring in ((one, boards[0], RING), (two, boards[1], rotated)):
            join(place.flows, board, ring, place.store.vault.instance)
            assert board.hears is not None
            assert board.hears()
        join(one.flows, boards[2], RING, "another")
        assert boards[0].key == boards[1].key != boards[2].key
        assert one.store.vault.instance.encode() not in boards[0].key
        one.clock.travel(seconds=4)
        assert [board.hears() for board in boards if board.hears is not None] == [False] * 3


async def test_each_says_which_keys_it_has(tmp_path: Path) -> None:
    """A process that was read shows its row: version, place and its keys, the sealing one first."""
    async with scene(tmp_path) as here:
        parts = join(here.flows, Board(), RING, here.store.vault.instance)
        await here.flows.revocations.read()
        async with here.store.read() as tx:
            (row,) = await tx.replicas.all()
    assert row.replica.id == parts.beats.me.id
    assert row.replica.keys == ("k1", "k2")
    assert ":" in row.replica.place


async def test_what_died_elsewhere_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs beside the requests shows that held marks are looked through."""
    swept = asyncio.Event()
    async with scene(tmp_path) as here:
        parts = join(here.flows, Board(), RING, here.store.vault.instance)
        monkeypatch.setattr(parts.elsewhere, "sweep", swept.set)
        monkeypatch.setattr(many, "RENEWED_EVERY", timedelta())
        tasks = [asyncio.ensure_future(work) for work in parts.beside()]
        async with asyncio.timeout(10):
            await swept.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_whoever_stops_leaves(tmp_path: Path) -> None:
    """A process that stops shows no row; one that is alone has none to leave."""
    async with scene(tmp_path) as here:
        parts = join(here.flows, Board(), RING, here.store.vault.instance)
        await here.flows.revocations.read()
        async with leaving(None), here.store.read() as tx:
            assert len(await tx.replicas.all()) == 1
        async with leaving(parts):
            pass
        async with here.store.read() as tx:
            assert await tx.replicas.all() == ()
