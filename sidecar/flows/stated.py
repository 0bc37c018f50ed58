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
    found = []
    email = claims.email.strip()
    if email.isascii() and _ADDRESS.fullmatch(email):
        local, _, domain = email.rpartition("@")
        found.append(Contact(EMAIL, f"{local}@{domain.lower()}"))
    number = re.sub(r"[ ()/.-]", "", claims.phone)
    if _NUMBER.fullmatch(number):
        found.append(Contact(SMS, number))
    return tuple(found)
