"""A store in which every kind of row is, as a sidecar would have written it."""

from datetime import timedelta

from sqlalchemy import text

from sidecar.core.clients import ClientId
from sidecar.core.messages import Contact
from sidecar.core.model import Purpose
from sidecar.core.recoveries import RecoveryId, RecoveryStatus
from sidecar.core.replays import KeptAnswer
from sidecar.storage.inspection.finding import Finding
from sidecar.storage.inspection.inspect import Looked, inspect
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import (
    ADA,
    NOW,
    TWIN,
    api_token,
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


async def furnish(store: SqlStore) -> None:
    """Ada and her namesake have set up something, are signed in, and are in the middle of it."""
    async with store.begin() as tx:
        for person in (ADA, TWIN):
            await tx.accounts.mark_enrolled(person, NOW)
        await tx.authenticators.add(authenticator())
        await tx.authenticators.add(authenticator("a2", person=TWIN))
        await tx.authenticators.add(authenticator("a3", codes("AAAA", "BBBB"), factor="backup"))
        gone = authenticator("a4")
        await tx.authenticators.add(gone)
        await tx.authenticators.move(gone, "remove", NOW)
        for which in ("s1", "s2"):
            await tx.sessions.add(session(which), token(which))
        await tx.trusted.add(trusted(), token("counter"))
        await tx.challenges.add(challenge())
        await tx.challenges.add(challenge("c2", person=TWIN, session_id="s9"))
        await tx.challenges.add(challenge("c3", purpose=Purpose.ACTION))
        await tx.challenges.consume(challenge("c3"), NOW, verified=True)
        await tx.outbox.add(post("p1"))
        await tx.outbox.add(post("p2", person=TWIN))
        contact = Contact("email", "ada@x.test")
        await tx.contacts.record(ADA, contact, origin="stated", verified=False, now=NOW)
        await tx.invitations.add(TWIN, token("code"), by="x", expires_at=NOW + timedelta(days=7))
        await tx.tokens.add(api_token(), token("t1"))
        await tx.replays.claim(ClientId("t1"), "k", "a" * 64, NOW)
        await tx.replays.settle(ClientId("t1"), "k", KeptAnswer(201, {}, b"{}"), NOW)
        await tx.recoveries.add(recovery())
        await tx.recoveries.add(recovery("r2", person=TWIN))
        await tx.recoveries.decide(RecoveryId("r2"), RecoveryStatus.DENIED, "t2", NOW)
        await tx.feed.append("person", TWIN, None, NOW)
        await tx.trail.append(event(), event("session.ended"))


async def found(store: SqlStore) -> list[Finding]:
    """Return all that is wrong."""
    return [finding async for finding in inspect(store, Looked())]


async def change(store: SqlStore, *statements: str) -> None:
    """Somebody else executed this."""
    async with store.aside() as connection:
        for statement in statements:
            await connection.execute(text(statement))
