"""Kept answers in SQL: sealed to their call, and never a reason to execute it again."""

from pathlib import Path

from structlog.testing import capture_logs

from sidecar.core.clients import ClientId
from sidecar.core.replays import KeptAnswer, Replay
from tests.conformance.stores import NOW, Travel, files, open_sqlite, sqlite_file
from tests.unit.storage.databases import change

SHOP = ClientId("t1")
CALL = "a" * 64
ANSWER = KeptAnswer(200, {"ETag": "header-words"}, b"body-words")


async def answered(folder: Path, *keys: str) -> Path:
    path = sqlite_file(folder)
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        for key in keys:
            await tx.replays.claim(SHOP, key, CALL, NOW)
            await tx.replays.settle(SHOP, key, ANSWER, NOW)
    await store.close()
    return path


async def test_neither_key_nor_answer_lies_open(tmp_path: Path) -> None:
    """Every byte of the database shows neither the caller's key nor what was answered."""
    await answered(tmp_path, "key-words")
    stored = b"".join(files(tmp_path).values())
    for secret in (b"key-words", b"header-words", b"body-words"):
        assert secret not in stored


async def test_a_broken_seal_executes_nothing_again(tmp_path: Path) -> None:
    """An answer that does not open, or is another call's, shows a call that may not run."""
    path = await answered(tmp_path, "one", "two")
    change(
        tmp_path, "UPDATE idempotency_keys SET answer = (SELECT max(answer) FROM idempotency_keys)"
    )
    late = NOW.replace(hour=23)
    store = await open_sqlite(path, Travel())
    with capture_logs() as logs:
        async with store.begin() as tx:
            found = [await tx.replays.claim(SHOP, key, CALL, late) for key in ("one", "two")]
            await tx.replays.drop(SHOP, "one")
            await tx.replays.drop(SHOP, "two")
            again = [await tx.replays.claim(SHOP, key, CALL, late) for key in ("one", "two")]
    await store.close()
    assert found == again
    assert sorted(found, key=str) == sorted([Replay(CALL, ANSWER), Replay(CALL, None)], key=str)
    assert {line["event"] for line in logs} == {"answer.unreadable"}
