"""Who shares a secret is told without a key, and who is left with nothing."""

from pathlib import Path

from sidecar.core.model import AuthenticatorStatus, Person
from tests.conformance.ringed import CODES
from tests.conformance.stores import ADA, NOW, TWIN, Travel, authenticator, open_sqlite, sqlite_file
from tests.unit.storage.databases import change

BOB = Person("app", "bob")


async def test_people_are_told_by_the_kind_of_what_they_hold(tmp_path: Path) -> None:
    """Seeds show whoever holds them, unreadable ones too; codes and removed ones nobody."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        for person in (ADA, TWIN, BOB):
            await tx.accounts.ensure(person, NOW)
        await tx.authenticators.add(authenticator("a1"))
        await tx.authenticators.add(authenticator("a2", CODES, person=TWIN))
        await tx.authenticators.add(authenticator("a3", person=BOB, factor="sms"))
        await tx.authenticators.add(
            authenticator("a4", person=TWIN, status=AuthenticatorStatus.DISABLED)
        )
    change(tmp_path, "UPDATE authenticators SET mac = 'v1:k1:x'")
    change(tmp_path, "UPDATE two_factor_configs SET enrolled_at = created_at")
    async with store.read() as tx:
        directory = tx.directory
        assert await directory.sharing(spared=["sms"], limit=9) == (ADA,)
        assert set(await directory.sharing(limit=9)) == {ADA, BOB}
        assert await directory.sharing(factor="sms", limit=9) == (BOB,)
        assert await directory.count_sharing() == 2
        assert await directory.stranded() == 0
        assert [one.id for one in await tx.authenticators.sharing(ADA)] == ["a1"]
    change(tmp_path, "UPDATE authenticators SET status = 'disabled' WHERE subject = 'bob'")
    async with store.read() as tx:
        assert await tx.directory.stranded() == 1
    await store.close()
