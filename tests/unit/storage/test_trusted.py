"""Remembered browsers in SQL: hashes only, and one winner across processes."""

from pathlib import Path

from sidecar.core.trusted import Turn
from sidecar.flows.tokens import Tokens
from tests.conformance.stores import ADA, NOW, RING, Travel, open_sqlite, sqlite_file, trusted


async def test_nothing_that_a_browser_carries_is_stored(tmp_path: Path) -> None:
    """Every byte of the database shows neither series nor counter of a token, before or after."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    first = Tokens(RING).mint_trusted(ADA)
    second = Tokens(RING).mint_trusted(ADA, first.series)
    try:
        async with store.begin() as tx:
            await tx.trusted.add(trusted(first.series_id), first.counter_hash)
        async with store.begin() as tx:
            found = await tx.trusted.rotate(
                *(ADA, first.series_id, first.counter_hash), fresh=second.counter_hash, now=NOW
            )
            assert found.turn is Turn.TAKEN
    finally:
        await store.close()
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert first.series_id.encode() in stored
    for secret in (first.text.encode(), first.series, first.counter, second.counter):
        assert secret not in stored
        assert secret.hex().encode() not in stored


async def test_two_processes_have_one_winner(tmp_path: Path) -> None:
    """A counter that two processes offer shows that one of them takes it."""
    path = sqlite_file(tmp_path)
    one, other = await open_sqlite(path, Travel()), await open_sqlite(path, Travel())
    first = Tokens(RING).mint_trusted(ADA)
    turns = []
    try:
        async with one.begin() as tx:
            await tx.trusted.add(trusted(first.series_id), first.counter_hash)
        for store in (one, other):
            fresh = Tokens(RING).mint_trusted(ADA, first.series).counter_hash
            async with store.begin() as tx:
                found = await tx.trusted.rotate(
                    *(ADA, first.series_id, first.counter_hash), fresh=fresh, now=NOW
                )
                turns.append(found.turn)
    finally:
        await one.close()
        await other.close()
    assert turns == [Turn.TAKEN, Turn.PARALLEL]
