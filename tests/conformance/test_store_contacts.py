"""What every store promises about the addresses that notices go to."""

from datetime import timedelta

import pytest

from sidecar.core.messages import Contact
from sidecar.core.model import Person
from sidecar.core.outbox import STATED, Address
from sidecar.core.stores import Store
from tests.conformance.stores import ADA, NOW, TWIN
from tests.posts import MAILBOX, PHONE

LATER = NOW + timedelta(hours=1)


async def record(
    store: Store,
    contact: Contact = MAILBOX,
    *,
    origin: str = STATED,
    verified: bool = False,
    person: Person = ADA,
) -> None:
    async with store.begin() as tx:
        await tx.contacts.record(person, contact, origin=origin, verified=verified, now=NOW)


async def drop(store: Store, origin: str) -> None:
    async with store.begin() as tx:
        await tx.contacts.drop(ADA, origin, LATER)


async def of(store: Store, person: Person = ADA) -> tuple[Address, ...]:
    async with store.read() as tx:
        return await tx.contacts.of(person)


async def test_addresses_belong_to_one_person(store: Store) -> None:
    """A stated and a verified address show up for their person alone."""
    await record(store)
    await record(store, PHONE, origin="a1", verified=True)
    found = await of(store)
    assert set(found) == {
        Address(MAILBOX, STATED, verified=False),
        Address(PHONE, "a1", verified=True),
    }
    assert await of(store, TWIN) == ()


async def test_stating_again_changes_nothing(store: Store) -> None:
    """An address that is stated at each visit shows once, and verified for good."""
    await record(store)
    await record(store, origin="a1", verified=True)
    await record(store)
    assert await of(store) == (Address(MAILBOX, STATED, verified=True),)


@pytest.mark.conforms("NIST-BAA-3")
async def test_another_stated_address_silences_none(store: Store) -> None:
    """Addresses changed often show the first ones still there: they cannot be pushed out."""
    await record(store)
    for number in range(30):
        await record(store, Contact("email", f"thief{number}@x.test"))
    found = await of(store)
    assert found[0].contact == MAILBOX or MAILBOX in [one.contact for one in found]
    assert len(found) == 10
    await record(store, PHONE, origin="a1", verified=True)
    assert Address(PHONE, "a1", verified=True) in await of(store)


async def test_the_last_verified_address_stays(store: Store) -> None:
    """The address of a removed authenticator shows until another verified one remains."""
    await record(store)
    await record(store, PHONE, origin="a1", verified=True)
    await drop(store, "a1")
    assert len(await of(store)) == 2
    await record(store, MAILBOX, origin="a2", verified=True)
    await drop(store, "a1")
    assert await of(store) == (Address(MAILBOX, STATED, verified=True),)
    await drop(store, "a2")
    assert len(await of(store)) == 1


async def test_a_dropped_address_comes_back(store: Store) -> None:
    """An address that was dropped and is stated again shows as merely stated."""
    await record(store, PHONE, origin="a1", verified=True)
    await record(store, MAILBOX, origin="a2", verified=True)
    await drop(store, "a1")
    assert await of(store) == (Address(MAILBOX, "a2", verified=True),)
    await record(store, PHONE)
    assert Address(PHONE, STATED, verified=False) in await of(store)
