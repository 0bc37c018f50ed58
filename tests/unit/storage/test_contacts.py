"""What lies in the rows of addresses; what stores promise of them is in the conformance suite."""

import sqlite3
from pathlib import Path

import pytest

from sidecar.core.messages import Contact
from sidecar.core.outbox import STATED
from sidecar.storage.contacts import destination, destinations
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.stores import (
    ADA,
    K1,
    NOW,
    RING,
    TWIN,
    Travel,
    files,
    open_sqlite,
    sqlite_file,
)
from tests.posts import MAIL, MAILBOX, PHONE

K2 = RootKey("k2", bytes(range(32, 64)))


def test_destinations() -> None:
    """One address shows one hash, another channel or address another, each key its own."""
    assert destination(RING, PHONE) != destination(RING, Contact("voice", PHONE.to))
    assert destination(RING, PHONE) != destination(RING, MAILBOX)
    both = KeyRing((K2, RootKey(K1.id, K1.secret, active=False)))
    assert destination(RING, PHONE) in destinations(both, PHONE)
    assert destination(both, PHONE) in destinations(both, PHONE)
    assert destination(both, PHONE) != destination(RING, PHONE)


@pytest.mark.conforms("NIST-BAA-3")
async def test_an_address_lies_sealed_and_outlives_a_rotation(tmp_path: Path) -> None:
    """After a rotation an address shows as the one that was there, and nowhere in clear."""
    path = sqlite_file(tmp_path)
    for ring in (RING, KeyRing((K2, RootKey(K1.id, K1.secret, active=False)))):
        store = await open_sqlite(path, Travel(), ring)
        async with store.begin() as tx:
            await tx.contacts.record(ADA, MAILBOX, origin=STATED, verified=False, now=NOW)
            assert [one.contact for one in await tx.contacts.of(ADA)] == [MAILBOX]
        await store.close()
    assert MAIL.encode() not in b"".join(files(tmp_path).values())


async def test_a_copied_address_is_left_out(tmp_path: Path) -> None:
    """A row turned over to another person shows no address there: nobody is told elsewhere."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        await tx.contacts.record(ADA, MAILBOX, origin=STATED, verified=False, now=NOW)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE notification_addresses SET realm = ?", (TWIN.realm,))
    connection.close()
    async with store.read() as tx:
        assert await tx.contacts.of(TWIN) == ()
    await store.close()
