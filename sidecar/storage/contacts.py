"""Addresses that notices go to: sealed to their row, found again by a keyed hash."""

import hmac
import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.core.messages import Contact
from sidecar.core.model import Person
from sidecar.core.outbox import STATED, Address
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.dialects import upsert
from sidecar.storage.tables import notification_addresses as addresses
from sidecar.storage.vault import KeyRing, Place, Vault

PURPOSE = "address"
MOST_STATED = 10
"""Addresses that a person may have before more are merely stated."""


def destination(ring: KeyRing, contact: Contact) -> str:
    """Return the hash under which an address is counted and found."""
    return ring.keyed(PURPOSE, _words(contact)).hex()


def destinations(ring: KeyRing, contact: Contact) -> tuple[str, ...]:
    """Return the hashes under every key that there is: rows outlive a rotation."""
    keys = (ring.purpose_key(PURPOSE, which) for which in ring.holders(PURPOSE))
    return tuple(hmac.digest(key, _words(contact), "sha256").hex() for key in keys)


def _words(contact: Contact) -> bytes:
    return f"{contact.channel}\n{contact.to}".encode()


class SqlContacts:
    """Addresses in `notification_addresses`; none is ever deleted, only taken out of use."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def of(self, person: Person) -> tuple[Address, ...]:
        """Return where the person gets notices, oldest first; unreadable ones are left out."""
        query = (
            select(addresses)
            .where(_in_use(person))
            .order_by(addresses.c.created_at, addresses.c.id)
        )
        found = [self._address(row) for row in await self._connection.execute(query)]
        return tuple(address for address in found if address is not None)

    async def record(
        self, person: Person, contact: Contact, *, origin: str, verified: bool, now: datetime
    ) -> None:
        """The person gets notices there too; what was verified stays so."""
        if await self._renew(person, contact, origin, verified_at=now if verified else None):
            return
        if origin == STATED and await self._count(person) >= MOST_STATED:
            return
        which = secrets.token_urlsafe(24)
        sealed = self._vault.seal(contact.to.encode(), _place(person, which))
        await self._connection.execute(
            upsert(self._connection, addresses)
            .values(
                id=which,
                **person_values(person),
                channel=contact.channel,
                destination=destination(self._vault.ring, contact),
                address=sealed,
                origin=origin,
                created_at=now,
                verified_at=now if verified else None,
            )
            .on_conflict_do_nothing()
        )

    async def drop(self, person: Person, origin: str, now: datetime) -> None:
        """No notice goes to what came from there, if a verified address remains otherwise."""
        others = select(func.count()).where(
            _in_use(person), addresses.c.origin != origin, addresses.c.verified_at.is_not(None)
        )
        if (await self._connection.execute(others)).scalar_one() == 0:
            return
        await self._connection.execute(
            update(addresses)
            .where(_in_use(person), addresses.c.origin == origin)
            .values(removed_at=now)
        )

    async def forget(self, person: Person, now: datetime) -> None:
        """No notice goes to what authenticators verified, and nothing counts as verified."""
        shown = and_(_in_use(person), addresses.c.origin != STATED)
        await self._connection.execute(update(addresses).where(shown).values(removed_at=now))
        await self._connection.execute(
            update(addresses).where(_in_use(person)).values(verified_at=None)
        )

    async def hand_over(self, person: Person, to: Person) -> None:
        """Every address of the person is the other's; what does not open stays unreadable."""
        query = select(addresses).where(of_person(addresses, person))
        for row in (await self._connection.execute(query)).all():
            await self._connection.execute(
                update(addresses)
                .where(addresses.c.id == row.id)
                .values(**person_values(to), **self._resealed(row, to))
            )

    def _resealed(self, row: Row[*tuple[object, ...]], to: Person) -> dict[str, str]:
        known = self._address(row)
        if known is None:
            return {}
        contact = known.contact
        return {
            "address": self._vault.seal(contact.to.encode(), _place(to, row.id)),
            "destination": destination(self._vault.ring, contact),
        }

    async def _renew(
        self, person: Person, contact: Contact, origin: str, *, verified_at: datetime | None
    ) -> bool:
        """Return whether the address is one that the person has; it is in use now."""
        mine = and_(
            of_person(addresses, person),
            addresses.c.channel == contact.channel,
            addresses.c.destination.in_(destinations(self._vault.ring, contact)),
        )
        row = (await self._connection.execute(select(addresses).where(mine))).first()
        if row is None:
            return False
        changes: dict[str, object]
        if row.removed_at is not None:
            changes = {"removed_at": None, "origin": origin, "verified_at": verified_at}
        elif verified_at is not None and row.verified_at is None:
            changes = {"verified_at": verified_at}
        else:
            return True  # nothing new, as at most visits
        await self._connection.execute(
            update(addresses).where(addresses.c.id == row.id).values(**changes)
        )
        return True

    async def _count(self, person: Person) -> int:
        query = select(func.count()).where(_in_use(person))
        count: int = (await self._connection.execute(query)).scalar_one()
        return count

    def _address(self, row: Row[*tuple[object, ...]]) -> Address | None:
        place = _place(Person(row.realm, row.subject), row.id)
        try:
            to = self._vault.unseal(row.address, place).decode()
        except SealBroken:
            return None
        return Address(Contact(row.channel, to), row.origin, row.verified_at is not None)


def _in_use(person: Person) -> ColumnElement[bool]:
    return and_(of_person(addresses, person), addresses.c.removed_at.is_(None))


def _place(person: Person, row: str) -> Place:
    return Place(person, "notification_addresses", "address", row)
