"""Public keys: whole, one person's only, and vouched for by their owner's row."""

import dataclasses
import sqlite3
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict
from sidecar.core.model import AuthenticatorId, Person, PublicKey
from sidecar.storage.hardware import HardwareKeys
from tests.conformance.stores import (
    ADA,
    NOW,
    Travel,
    authenticator,
    open_sqlite,
    sqlite_file,
)

KEY = PublicKey(
    b"\x00credential\xff",
    b"public key",
    7,
    {"transports": ("usb", "nfc"), "be": False, "aaguid": "00", "uv": True},
)


async def test_a_key_comes_back_whole(tmp_path: Path) -> None:
    """Bytes, counter, flags and lists show the same after a round through the table."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator(material=KEY))
    async with store.read() as tx:
        (held,) = await tx.authenticators.of(ADA)
    assert held.material == KEY
    await store.close()


@pytest.mark.conforms("NIST-SFCVER-1")
async def test_a_credential_is_one_persons(tmp_path: Path) -> None:
    """A second registration, by whomever, shows a conflict; after a removal it is free again."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator(material=KEY))
    other = dataclasses.replace(
        authenticator(material=KEY), id=AuthenticatorId("a2"), person=Person("shop", "eve")
    )
    with pytest.raises(Conflict, match="already-registered"):
        async with store.begin() as tx:
            await tx.authenticators.add(other)
    async with store.begin() as tx:
        (held,) = await tx.authenticators.of(ADA)
        await tx.authenticators.move(held, "remove", NOW)
        await tx.authenticators.add(other)
    await store.close()


@pytest.mark.conforms("NIST-SFCVER-1", "ASVS-6.7.1")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE hardware_keys SET public_key = 'AAAA'",
        "UPDATE hardware_keys SET credential_id = 'AAAA'",
        "UPDATE hardware_keys SET sign_count = 0",
        "UPDATE hardware_keys SET state = '{}'",
        "DELETE FROM hardware_keys",
    ],
)
async def test_a_planted_key_proves_nothing(tmp_path: Path, change: str) -> None:
    """Whoever writes to the database past us shows an authenticator that nobody can use."""
    path = sqlite_file(tmp_path)
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator(material=KEY))
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    store = await open_sqlite(path, Travel())
    async with store.read() as tx:
        (held,) = await tx.authenticators.of(ADA)
    assert held.material is None
    assert not held.usable
    await store.close()


async def test_a_new_counter_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """A replaced key shows its new counter, and only its owner's row is touched."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator(material=KEY))
        keys = HardwareKeys(tx.connection)
        after = dataclasses.replace(KEY, sign_count=8)
        await keys.replace(AuthenticatorId("a1"), after)
        await keys.replace(AuthenticatorId("another"), KEY)
        assert await keys.of(["a1", "a2"]) == {"a1": after}
        await keys.drop(AuthenticatorId("a1"))
        assert await keys.of(["a1"]) == {}
    await store.close()
