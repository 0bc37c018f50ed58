"""What a key is needed for is found before it is missed."""

from datetime import timedelta
from pathlib import Path

from sidecar.core.model import AuthenticatorStatus
from sidecar.storage.needs import Needs
from tests.conformance.ringed import K2, NEW_K2, OLD_K1, fill, served
from tests.conformance.stores import K1, NOW, Travel, authenticator, sqlite_file, url_of


async def test_a_key_that_made_nothing_is_needed_by_nothing(tmp_path: Path) -> None:
    """A key that only opens shows no need, whatever another one made."""
    url = url_of(sqlite_file(tmp_path))
    async with served(url, Travel(), K1, NEW_K2) as store:
        await fill(store)
        async with store.read() as tx:
            needs = Needs(tx.connection, NOW)
            assert await needs.first("k2") is None
            assert await needs.count("k2") == ()
            assert (await needs.first("k1")) is not None


async def test_what_is_over_needs_no_key(tmp_path: Path) -> None:
    """Time and removal show that ended sessions, tokens and letters need nothing any more."""
    url, clock = url_of(sqlite_file(tmp_path)), Travel()
    async with served(url, clock, K1) as store:
        await fill(store)
        async with store.begin() as tx:
            await tx.authenticators.add(
                authenticator("gone", None, status=AuthenticatorStatus.REMOVED)
            )
    async with served(url, clock, K2, OLD_K1) as store, store.read() as tx:
        found = await Needs(tx.connection, NOW + timedelta(days=400)).count("k1")
    assert {(item.need.table, item.rows) for item in found} == {
        *(("authenticators", 6), ("notification_addresses", 1), ("outbox", 1)),
        *(("audit_events", 3), ("backup_codes", 1)),
    }


async def test_it_is_told_when_something_is_over(tmp_path: Path) -> None:
    """Sessions show the moment at which the last of them ends, sealed rows none."""
    url = url_of(sqlite_file(tmp_path))
    async with served(url, Travel(), K1) as store:
        await fill(store)
    async with served(url, Travel(), K2, OLD_K1) as store, store.read() as tx:
        ends = {item.need.what: item.until for item in await Needs(tx.connection, NOW).count("k1")}
    assert ends["sessions were begun"] == NOW + timedelta(hours=24)
    assert ends["authenticators are sealed"] is None
