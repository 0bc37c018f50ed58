"""Revision 3 and back: what people had is theirs before and after."""

from pathlib import Path

from sidecar.core.directory import PERSON_ERASED
from sidecar.core.model import Account, Event
from sidecar.storage.setup import migrate_down, migrate_up
from sidecar.storage.sql import open_store
from tests.conformance.settled import LATER, settle
from tests.conformance.stores import (
    ADA,
    NOW,
    RING,
    TWIN,
    Travel,
    api_token,
    event,
    session,
    sqlite_file,
    token,
    url_of,
)
from tests.postgres import Server
from tests.unit.storage.databases import change, rows
from tests.unit.storage.test_links import old

FRESH = {"api_tokens", "idempotency_keys", "recovery_requests", "recovery_approvals"}


async def shown_down_and_up(url: str) -> None:
    """People, factors, sessions and acts stay; tokens and what was configured are lost."""
    store = await open_store(url, RING, Travel())
    async with store.begin() as tx:
        await settle(tx, ADA)
        await tx.accounts.configure(ADA, enabled=False, required=True, version=0, now=NOW)
        await tx.tokens.add(api_token(), token("api"))
        held = await tx.authenticators.of(ADA)
    await store.close()
    await migrate_down(url, RING, "0002")
    await migrate_up(url, RING, Travel(), create=False)
    store = await open_store(url, RING, Travel())
    async with store.begin() as tx:
        assert await tx.accounts.get(ADA) == Account(
            ADA, enabled=False, epoch=0, created_at=NOW, enrolled_at=NOW
        )
        assert await tx.authenticators.of(ADA) == held
        assert len(held) == 3
        assert await tx.sessions.of(ADA, NOW) == (session("app-ada"),)
        assert len(await tx.contacts.of(ADA)) == 1
        assert await tx.trail.of(ADA, 9) == (event(),)
        assert await tx.tokens.all() == ()
    assert (await store.verify_trail()).broken_at is None
    await store.close()


async def test_down_and_up_keep_what_people_had(tmp_path: Path) -> None:
    """A store that went back to revision 2 and up shows everybody and their factors as before."""
    await shown_down_and_up(url_of(sqlite_file(tmp_path)))


async def test_so_they_do_on_postgresql(postgres: Server) -> None:
    """A database on a server shows the same."""
    async with postgres.store() as url:
        await shown_down_and_up(url)


async def test_acts_of_before_are_whole_and_can_be_erased(tmp_path: Path) -> None:
    """Rows of revision 2 show a whole trail, with rows of revision 3 after them, erased or not."""
    path = sqlite_file(tmp_path)
    store = await open_store(url_of(path), RING, Travel())
    async with store.begin() as tx:
        await tx.trail.append(event("first.of_all", TWIN))
    await store.close()
    await migrate_down(url_of(path), RING, "0002")
    assert FRESH.isdisjoint(name for (name,) in rows(tmp_path, "SELECT name FROM sqlite_master"))
    ((previous,),) = rows(tmp_path, "SELECT hash FROM audit_events")
    values = old(event(), str(previous))
    at = NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
    columns = ("name", "realm", "subject", "actor", "request_id", "details", "hash", "mac")
    change(
        tmp_path,
        "INSERT INTO audit_events"
        " (at, name, realm, subject, actor, request_id, details, hash, mac)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (at, *(values[column] for column in columns)),
    )
    await migrate_up(url_of(path), RING, Travel(), create=False)
    store = await open_store(url_of(path), RING, Travel())
    async with store.begin() as tx:
        await tx.trail.append(event("last.of_all"))
    assert (await store.verify_trail()).broken_at is None
    async with store.begin() as tx:
        name = await tx.directory.erase(ADA, LATER)
        await tx.trail.append(Event(LATER, PERSON_ERASED, None, "x", "", {"pseudonym": name}))
        assert await tx.trail.of(ADA, 9) == ()
    verdict = await store.verify_trail()
    assert (verdict.rows, verdict.broken_at) == (4, None)
    await store.close()
    change(tmp_path, "UPDATE audit_events SET name = 'x' WHERE sequence = 2")
    store = await open_store(url_of(path), RING, Travel())
    assert (await store.verify_trail()).broken_at == 2
    await store.close()
