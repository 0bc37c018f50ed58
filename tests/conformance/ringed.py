"""A store in which everything was made with one key, and the rings of each step of a rotation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from sidecar.core.clients import ClientId
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    ChallengeId,
    LookupCode,
    LookupCodes,
    PublicKey,
    SessionId,
    TokenHash,
)
from sidecar.core.replays import KeptAnswer
from sidecar.flows.tokens import Tokens
from sidecar.rotating import Resealed, Rotation
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.stores import (
    ADA,
    K1,
    NOW,
    SECRET,
    Travel,
    api_token,
    authenticator,
    challenge,
    event,
    session,
    token,
    trusted,
)
from tests.posts import MAILBOX, notice

OLD_K1 = replace(K1, active=False)
K2 = RootKey("k2", b"\x22" * 32)
NEW_K2 = replace(K2, active=False)
PEPPERS = (("factors", "totp"), ("factors", "backup_codes"), ("identity", "app"))
CODES = LookupCodes((LookupCode("AAAA", "k1:hash", None), LookupCode("BBBB", "k1:hash 2", None)))
ANSWER = KeptAnswer(200, {"ETag": "1"}, b"{}")
CLIENT = ClientId("t1")
IN_AN_HOUR = NOW + timedelta(hours=1)


def held() -> tuple[Authenticator, ...]:
    """Return one of each material, and one in each state that holds one."""
    key = PublicKey(b"id", b"cose", 7, {"user_id": "x"})
    status = AuthenticatorStatus
    return (
        authenticator("a1"),
        authenticator("a2", SECRET, status=status.SUSPENDED),
        authenticator("a3", SECRET, status=status.PENDING),
        authenticator("a4", key, factor="webauthn"),
        authenticator("a5", CODES, factor="backup_codes"),
        authenticator("a6", SECRET, held_until=IN_AN_HOUR),
    )


@asynccontextmanager
async def served(url: str, clock: Travel, *roots: RootKey) -> AsyncIterator[SqlStore]:
    """Lend the store as a process that serves with these keys has it."""
    store = await open_store(url, KeyRing(roots), clock)
    try:
        yield store
    finally:
        await store.close()


async def fill(store: SqlStore) -> str:
    """Everything is there that a key makes; return a session's token."""
    cookie = Tokens(store.ring).mint_session()
    hashed = Tokens(store.ring).session_hash(cookie)
    assert hashed is not None
    async with store.begin() as tx:
        for one in held():
            await tx.authenticators.add(one)
        await tx.tokens.add(api_token(), token("one"))
        await tx.contacts.record(ADA, MAILBOX, origin="stated", verified=True, now=NOW)
        await tx.outbox.add(notice("n1"))
        await tx.challenges.add(challenge())
        await tx.replays.claim(CLIENT, "key", "hash", NOW)
        await tx.replays.settle(CLIENT, "key", ANSWER, NOW)
        await tx.sessions.add(session(), hashed)
        await tx.trusted.add(trusted(), TokenHash("t" * 64))
        await tx.trail.append(event(), event("person.invited"), event("person.reset", None))
    return cookie


async def require_all(store: SqlStore, cookie: str) -> None:
    """Everything that `fill` left opens, fits and counts."""
    hashed = Tokens(store.ring).session_hash(cookie)
    assert hashed is not None
    async with store.read() as tx:
        for one in held():
            found = await tx.authenticators.get(ADA, AuthenticatorId(one.id))
            assert found is not None
            assert (found.id, found.material) == (one.id, one.material)
        assert await tx.tokens.find(token("one")) == api_token()
        assert [one.contact for one in await tx.contacts.of(ADA)] == [MAILBOX]
        opened = await tx.challenges.get(ChallengeId("c1"), ADA, SessionId("s1"), NOW)
        assert opened.state == challenge().state
        assert await tx.sessions.get(hashed, NOW) is not None
        assert (await tx.trail.verify()).broken_at is None
    async with store.begin() as tx:
        replay = await tx.replays.claim(CLIENT, "key", "hash", NOW)
        assert replay is not None
        assert replay.answer == ANSWER


@asynccontextmanager
async def rotation(url: str, clock: Travel, *roots: RootKey) -> AsyncIterator[Rotation]:
    """Lend what an operator's command works with, who has these keys in the configuration."""
    ring = KeyRing(roots)
    store = await open_store(url, ring, clock, serves=False)
    try:
        yield Rotation(store, ring, PEPPERS, clock)
    finally:
        await store.close()


async def resealed(url: str, clock: Travel, *roots: RootKey) -> Resealed:
    async with rotation(url, clock, *roots) as work:
        return await work.reseal(lambda _done, _text: None)
