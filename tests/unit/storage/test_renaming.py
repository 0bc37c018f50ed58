"""A new name in SQL: nothing stays behind, and nothing broken is made whole."""

from pathlib import Path

from structlog.testing import capture_logs

from sidecar.core.outbox import PostId
from sidecar.storage.columns import metadata
from tests.conformance.settled import BOB, settle
from tests.conformance.stores import ADA, NOW, Travel, authenticator, open_sqlite, sqlite_file
from tests.posts import notice, post
from tests.unit.storage.databases import change, rows

KEEPS_ITS_TIME = {"revocations", "audit_events"}


async def test_no_row_stays_behind(tmp_path: Path) -> None:
    """Every table shows the new name where the old one stood, but for the feed and the trail."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.directory.rename(ADA, BOB, NOW)
    await store.close()
    for table in metadata.sorted_tables:
        if "subject" not in table.c:
            continue
        found = {*rows(tmp_path, f"SELECT DISTINCT subject FROM {table.name}")}  # noqa: S608 - ours
        wanted = {("ada",)} if table.name == "audit_events" else {("bob",)}
        assert found == (wanted | {("ada",)} if table.name in KEEPS_ITS_TIME else wanted)


async def test_what_was_tampered_with_stays_unreadable(tmp_path: Path) -> None:
    """A row whose MAC did not fit shows no material under the new name either."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.authenticators.add(authenticator("forged"))
    change(tmp_path, "UPDATE authenticators SET level = 3 WHERE id = 'forged'")
    change(tmp_path, "UPDATE notification_addresses SET address = 'v1:k1:x'")
    with capture_logs() as logs:
        async with store.begin() as tx:
            await tx.directory.rename(ADA, BOB, NOW)
        async with store.read() as tx:
            held = {found.id: found for found in await tx.authenticators.of(BOB)}
            assert await tx.contacts.of(BOB) == ()
    await store.close()
    assert len(held) == 4
    assert [which for which, found in held.items() if found.material is None] == ["forged"]
    assert {line["event"] for line in logs} == {"authenticator.unreadable"}


async def test_notices_go_on_their_way_and_codes_do_not(tmp_path: Path) -> None:
    """A notice that waits shows readable as the other's, and a code that waits is claimed by
    nobody.
    """
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.outbox.add(notice())
        await tx.outbox.add(post("code"))
        await tx.directory.rename(ADA, BOB, NOW)
        found = await tx.outbox.claim(PostId("n1"), NOW)
        assert await tx.outbox.claim(PostId("code"), NOW) is None
    await store.close()
    assert found is not None
    assert (found.person, found.message) == (BOB, notice().message)
