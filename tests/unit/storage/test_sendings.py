"""How counting survives a change of keys; the rest is in the conformance suite."""

from datetime import timedelta
from pathlib import Path

from sidecar.core.outbox import Share
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.stores import K1, NOW, Travel, open_sqlite, sqlite_file
from tests.posts import PHONE, post

K2 = RootKey("k2", bytes(range(32, 64)))


async def test_an_address_is_counted_across_keys(tmp_path: Path) -> None:
    """A message of before a rotation shows in the count of its address after it."""
    path = sqlite_file(tmp_path)
    before = await open_sqlite(path, Travel())
    async with before.begin() as tx:
        await tx.outbox.add(post())
    await before.close()
    retired = RootKey(K1.id, K1.secret, active=False)
    after = await open_sqlite(path, Travel(), KeyRing((K2, retired)))
    async with after.read() as tx:
        found = await tx.sendings.at(
            Share(contact=PHONE), 1, since=NOW - timedelta(days=1), until=NOW
        )
    await after.close()
    assert found == NOW
