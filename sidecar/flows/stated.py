"""The addresses that an application states of people: remembered, so that all of them get notices.

Whoever takes over an account there may state another address; the one before goes on hearing.
"""

import re
from datetime import datetime
from typing import Final

from sidecar.core.messages import Contact
from sidecar.core.model import Claims, Identity
from sidecar.core.outbox import STATED
from sidecar.core.stores import Transaction
from sidecar.flows.budgets import SMS

EMAIL: Final = "email"
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164; what an application spells in another way cannot be told from another country's."""


async def record_stated(tx: Transaction, identity: Identity, now: datetime) -> None:
    """Notices go also to what the application says today are the person's addresses."""
    for contact in stated(identity.claims):
        await tx.contacts.record(identity.person, contact, origin=STATED, verified=False, now=now)


def stated(claims: Claims) -> tuple[Contact, ...]:
    """Return the addresses that the application states, as far as they are unmistakable."""
    said = (Contact(EMAIL, claims.email), Contact(SMS, claims.phone))
    found = (_unmistakable(contact) for contact in said)
    return tuple(contact for contact in found if contact is not None)


def require_address(contact: Contact) -> Contact:
    """Return the address in its one spelling.

    Raises:
        ValueError: nobody can be written to there.

    """
    found = _unmistakable(contact)
    if found is None:
        expected = "a mailbox such as ada@example.com" if contact.channel == EMAIL else "+491511234"
        raise ValueError(f"no address of this channel; expected is {expected}")
    return found


def _unmistakable(contact: Contact) -> Contact | None:
    if contact.channel == EMAIL:
        email = contact.to.strip()
        if not (email.isascii() and _ADDRESS.fullmatch(email)):
            return None
        local, _, domain = email.rpartition("@")
        return Contact(EMAIL, f"{local}@{domain.lower()}")
    number = re.sub(r"[ ()/.-]", "", contact.to)
    return Contact(SMS, number) if _NUMBER.fullmatch(number) else None
