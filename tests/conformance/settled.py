"""Somebody with something in every table."""

from datetime import datetime, timedelta

from sidecar.core.messages import Contact
from sidecar.core.model import (
    ChallengeId,
    Person,
    PublicKey,
)
from sidecar.core.stores import Transaction
from tests.conformance.stores import (
    NOW,
    SECRET,
    authenticator,
    challenge,
    codes,
    event,
    recovery,
    session,
    token,
    trusted,
)
from tests.posts import post

BOB = Person("app", "bob")
LATER = NOW + timedelta(hours=1)
CONTACT = Contact("email", "ada@example.com")


async def settle(tx: Transaction, person: Person, now: datetime = NOW) -> None:
    """The person has something in every table."""
    which = f"{person.realm}-{person.subject}"
    await tx.accounts.mark_enrolled(person, now)
    for name, material in (("totp", SECRET), ("codes", codes("AAAA", "BBBB"))):
        await tx.authenticators.add(authenticator(f"{which}-{name}", material, person=person))
    key = PublicKey(which.encode(), b"key", 7)
    await tx.authenticators.add(authenticator(f"{which}-key", key, person=person))
    await tx.challenges.add(challenge(which, person=person))
    claim = await tx.attempts.claim(
        person, "totp", known=False, challenge=ChallengeId(which), now=now
    )
    await tx.attempts.settle(claim, verified=False, now=now)
    await tx.sessions.add(session(which, person=person), token(which))
    await tx.invitations.add(person, token(f"i-{which}"), by="x", expires_at=LATER)
    await tx.contacts.record(person, CONTACT, origin=f"{which}-totp", verified=True, now=now)
    await tx.outbox.add(post(which, person=person))
    await tx.trusted.add(trusted(which, person=person), token(which))
    await tx.recoveries.add(recovery(which, person=person))
    await tx.trail.append(event("challenge.verified", person))
