"""Keys of single purposes outlive their root key for as long as what they made counts."""

from datetime import timedelta
from pathlib import Path

from sidecar.flows.kit import CHALLENGE_LIFE
from sidecar.flows.tokens import DISOWNED_WITHIN, KNOWN_FOR
from sidecar.proxy.vouch import LIFE as ASSERTION_LIFE
from sidecar.storage.purposes import CODES_LIVE, LIVES, OVERLAP, keep, needed, recall
from sidecar.storage.vault import NOBODY, KeyRing, Place, Vault
from tests.conformance.ringed import K2, OLD_K1, fill, served
from tests.conformance.stores import K1, NOW, Travel, sqlite_file, url_of
from tests.unit.storage.databases import change

PLACE = Place(NOBODY, "sessions", "redis", "s1:x")


def test_they_live_as_long_as_what_they_made() -> None:
    """Each life shows that of what flows and proxy give out under it."""
    assert LIVES["known-browser"] >= KNOWN_FOR
    assert LIVES["disown"] >= DISOWNED_WITHIN
    assert LIVES["carried"] >= CHALLENGE_LIFE
    assert LIVES["assertion"] >= ASSERTION_LIFE
    assert LIVES["confirm-person"] >= CODES_LIVE


async def test_what_was_kept_is_there_after_a_start(tmp_path: Path) -> None:
    """A process without the root key shows the kept key in its ring, and a broken one missing."""
    url = url_of(sqlite_file(tmp_path))
    async with served(url, Travel(), K2, OLD_K1) as store, store.aside() as connection:
        await keep(connection, store.vault, "k1", purposes=["csrf", "cookie"], now=NOW)
        await keep(connection, store.vault, "k1", purposes=["cookie"], now=NOW)
    async with served(url, Travel(), K2) as store:
        assert store.ring.holders("cookie") == ("k2", "k1")
        assert store.ring.purpose_key("cookie", "k1") == KeyRing((K1,)).purpose_key("cookie")
    spoiled = "UPDATE purpose_keys SET sealed = 'v1:k2:x' WHERE purpose = 'cookie'"
    change(tmp_path, spoiled)
    async with served(url, Travel(), K2) as store:
        assert store.ring.holders("cookie") == ("k2",)
        assert store.ring.holders("csrf") == ("k2", "k1")
        async with store.read() as tx:
            await recall(tx.connection, store.vault)


async def test_nothing_carried_is_kept_of_a_key_that_leaked(tmp_path: Path) -> None:
    """A distrusted key shows evidence kept, and nothing that somebody could have made with it."""
    url, peppers = url_of(sqlite_file(tmp_path)), [("factors", "totp"), ("identity", "app")]
    async with served(url, Travel(), K2, OLD_K1) as store, store.read() as tx:
        soon, of_k1 = NOW + OVERLAP + timedelta(minutes=1), (tx.connection, "k1", peppers)
        young = await needed(*of_k1, until=NOW, now=soon)
        leaked = await needed(*of_k1, until=NOW, now=soon, trusted=False)
    assert leaked == {"audit", "audit-erased", "pseudonym"}
    assert young == leaked | {*LIVES} | {"plugin/factors/totp"}


async def test_what_redis_keeps_of_sessions_opens_as_long_as_they_last(tmp_path: Path) -> None:
    """Sessions of before whose contents are elsewhere show the key that seals them kept."""
    url, soon = url_of(sqlite_file(tmp_path)), NOW + timedelta(hours=2)
    async with served(url, Travel(), K1) as store:
        sealed = store.vault.seal(b"contents", PLACE)
        await fill(store)
    async with served(url, Travel(), K2, OLD_K1) as store, store.read() as tx:
        assert "seal" not in await needed(tx.connection, "k1", [], until=NOW, now=soon)
    change(tmp_path, "UPDATE sessions SET stamp = 'x'")
    async with served(url, Travel(), K2, OLD_K1) as store:
        async with store.read() as tx:
            wanted = await needed(tx.connection, "k1", [], until=NOW, now=soon)
        ring = KeyRing((K2,))
        ring.keep("seal", "k1", store.ring.purpose_key("seal", "k1"))
        assert Vault(ring, store.vault.instance).unseal(sealed, PLACE) == b"contents"
    assert "seal" in wanted
