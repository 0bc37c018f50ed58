"""Rows changed by whoever can write the database: unusable, and never absent."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict, StaleMaterial
from sidecar.core.model import Authenticator, AuthenticatorStatus, Level, Material
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import (
    ADA,
    NOW,
    SECRET,
    TWIN,
    Travel,
    authenticator,
    codes,
    files,
    open_sqlite,
    sqlite_file,
)


class Writer:
    """Somebody with the database file and no key."""

    def __init__(self, path: Path, store: SqlStore) -> None:
        self.path = path
        self.store = store

    def tamper(self, statement: str) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            assert connection.execute(statement).rowcount > 0
        connection.close()

    async def add(self, *added: Authenticator) -> None:
        async with self.store.begin() as tx:
            for one in added:
                await tx.authenticators.add(one)

    async def of_ada(self) -> tuple[Authenticator, ...]:
        async with self.store.read() as tx:
            return await tx.authenticators.of(ADA)


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    yield Writer(path, store)
    await store.close()


@pytest.mark.conforms("ASVS-6.7.1")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE authenticators SET level = 3",
        "UPDATE authenticators SET level = 9",
        "UPDATE authenticators SET status = 'suspended'",
        "UPDATE authenticators SET status = 'invented'",
        "UPDATE authenticators SET factor = 'webauthn'",
        "UPDATE authenticators SET version = 9",
        "UPDATE authenticators SET kind = 'public_key'",
        "UPDATE authenticators SET kind = 'none'",
        "UPDATE authenticators SET kind = 'invented'",
        "UPDATE authenticators SET material = NULL",
        "UPDATE authenticators SET material = 'v1:k1:x'",
        "UPDATE authenticators SET mac = ''",
    ],
)
async def test_a_changed_row_is_there_and_unusable(writer: Writer, statement: str) -> None:
    """Any column that decides what is proven, once changed, shows a row without material."""
    await writer.add(authenticator())
    writer.tamper(statement)
    (found,) = await writer.of_ada()
    assert found.material is None
    assert not found.usable


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE authenticators SET held_until = NULL",
        "UPDATE authenticators SET held_until = '2000-01-01 00:00:00.000000'",
        "UPDATE authenticators SET held_level = 3",
        "UPDATE authenticators SET held_level = 9",
    ],
)
async def test_a_hold_cannot_be_lifted_by_hand(writer: Writer, statement: str) -> None:
    """A hold that was ended or weakened in the database shows a row that proves nothing at all."""
    until = NOW + timedelta(hours=24)
    key = authenticator(level=Level.PHISHING_RESISTANT, held_until=until)
    await writer.add(key)
    assert await writer.of_ada() == (key,)
    writer.tamper(statement)
    (found,) = await writer.of_ada()
    assert found.material is None
    with pytest.raises(Conflict):
        async with writer.store.begin() as tx:
            await tx.authenticators.release(found, NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE backup_codes SET used_at = NULL",
        "UPDATE backup_codes SET hash = 'mine' WHERE selector = 'BBBB'",
        "UPDATE backup_codes SET selector = 'CCCC' WHERE selector = 'BBBB'",
        "UPDATE backup_codes SET position = 1 - position",
        "DELETE FROM backup_codes WHERE selector = 'AAAA'",
        "DELETE FROM backup_codes",
        "INSERT INTO backup_codes VALUES ('a1', 'DDDD', 9, 'mine', NULL)",
    ],
)
async def test_changed_codes_are_unusable(writer: Writer, statement: str) -> None:
    """A used code made fresh, exchanged, removed or added shows the whole set as unreadable."""
    await writer.add(authenticator(material=codes("AAAA", "BBBB", used={"AAAA": NOW})))
    writer.tamper(statement)
    (found,) = await writer.of_ada()
    assert found.material is None


@pytest.mark.parametrize(
    "statement",
    [
        (
            "UPDATE authenticators AS a SET material = b.material FROM authenticators AS b "
            "WHERE a.id = 'a1' AND b.id = 'a2'"
        ),
        (
            "UPDATE authenticators AS a SET material = b.material, mac = b.mac "
            "FROM authenticators AS b WHERE a.id = 'a1' AND b.id = 'a2'"
        ),
    ],
)
async def test_a_secret_cannot_be_planted(writer: Writer, statement: str) -> None:
    """An attacker's own secret copied into the victim's row shows as unreadable."""
    await writer.add(authenticator(), authenticator("a2", person=TWIN))
    writer.tamper(statement)
    (found,) = await writer.of_ada()
    assert found.material is None


async def test_a_row_cannot_change_hands(writer: Writer) -> None:
    """A row given to another person shows there as unreadable."""
    await writer.add(authenticator(person=TWIN))
    writer.tamper("UPDATE authenticators SET realm = 'app'")
    (found,) = await writer.of_ada()
    assert found.material is None


async def test_tampering_is_not_washed_off(writer: Writer) -> None:
    """Suspending and resuming a changed row shows it still unreadable."""
    await writer.add(authenticator())
    writer.tamper("UPDATE authenticators SET level = 3")
    async with writer.store.begin() as tx:
        (found,) = await tx.authenticators.of(ADA)
        with pytest.raises(StaleMaterial):
            await tx.authenticators.replace(found, SECRET, used_at=NOW)
        found = await tx.authenticators.move(found, "suspend", NOW)
        found = await tx.authenticators.move(found, "resume", NOW)
    assert [one.material for one in await writer.of_ada()] == [None]


async def test_an_unreadable_one_can_be_removed(writer: Writer) -> None:
    """Removing a broken authenticator shows that a person can recover from it."""
    await writer.add(authenticator())
    writer.tamper("UPDATE authenticators SET mac = 'x', status = 'invented'")
    (found,) = await writer.of_ada()
    assert found.status is AuthenticatorStatus.DISABLED
    async with writer.store.begin() as tx:
        with pytest.raises(Conflict):
            await tx.authenticators.move(found, "resume", NOW)
        await tx.authenticators.move(found, "remove", NOW)
    assert await writer.of_ada() == ()


@pytest.mark.conforms("NIST-SFOV-1")
@pytest.mark.parametrize("material", [SECRET, codes("AAAA")])
async def test_no_secret_lies_in_the_file(writer: Writer, material: Material) -> None:
    """The bytes of a database show no secret, neither while it is used nor once it is removed."""
    await writer.add(authenticator(material=material))
    await writer.store.close()
    assert not [data for data in files(writer.path.parent).values() if SECRET.secret in data]
    async with writer.store.begin() as tx:
        await tx.authenticators.move(authenticator(), "remove", NOW)
    connection = sqlite3.connect(writer.path)
    left = connection.execute("SELECT material FROM authenticators").fetchall()
    assert left == [(None,)]
    assert connection.execute("SELECT count(*) FROM backup_codes").fetchone() == (0,)
    connection.close()
