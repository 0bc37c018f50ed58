"""A store with very many people, of whom some have secrets that their codes are known for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.clock import utc_now
from sidecar.core.clients import Scope
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Level,
    Person,
    SessionId,
    SharedSecret,
)
from sidecar.flows.clients import Clients, Request
from sidecar.flows.tokens import Tokens
from sidecar.storage import canary
from sidecar.storage.database import database
from sidecar.storage.sealing import Sealing
from sidecar.storage.sql import open_store
from sidecar.storage.tables import accounts, authenticators, sessions
from sidecar.storage.vault import KeyRing, Vault

REALM: Final = "front"
PERIOD_S: Final = 30
_DAY: Final = timedelta(days=1)
_NUMBERS: Final = """
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :people)
"""
_FILL: Final = (
    """
INSERT INTO two_factor_configs (realm, subject, enabled, epoch, created_at, enrolled_at)
SELECT :realm, 'other-' || i, true, 0, {at}, {at} FROM numbers
""",
    """
INSERT INTO authenticators (id, realm, subject, factor, name, status, level, version, kind,
    material, mac, created_at, changed_at)
SELECT {random}, :realm, 'other-' || i, 'totp', 'totp', 'active', 2, 1, 'shared_secret',
    :material, :mac, {at}, {at} FROM numbers
""",
    """
INSERT INTO sessions (id, realm, subject, status, token_hash, created_at, expires_at,
    last_seen_at, proofs, login, epoch, user_agent, address)
SELECT {random}, :realm, 'other-' || i, 'proven', {random}, {at}, {at}, {at},
    '[]', '', 0, 'Mozilla/5.0', '192.0.2.0' FROM numbers
""",
    """
INSERT INTO two_factor_challenges (id, realm, subject, session_id, purpose, factor, action,
    created_at, expires_at, consumed_at, verified)
SELECT {random}, :realm, 'other-' || i, {random}, 'sign_in', 'totp', '', {at}, {at}, {at}, true
FROM numbers
""",
    """
INSERT INTO two_factor_attempts (realm, subject, factor, known, challenge_id, at, settled_at,
    verified)
SELECT :realm, 'other-' || i, 'totp', true, {random}, {at}, {at}, true FROM numbers
""",
    """
INSERT INTO audit_events (at, name, realm, subject, actor, request_id, details, hash, mac)
SELECT {at}, 'challenge.verified', :realm, 'other-' || i, 'self', 'none',
    '{{"action":"","factor":"totp","network":"192.0.2.0/24","user_agent":"Mozilla/5.0"}}',
    {random}, :mac FROM numbers
""",
)
"""One row in every table that a verification touches, of the size that it has for somebody real.

What is sealed there was sealed for another row; nobody opens it.
"""
_RANDOM: Final = {
    "sqlite": "lower(hex(randomblob(32)))",
    "postgresql": "encode(sha256((random()::text || i)::bytea), 'hex')",
}
_AT: Final = {"sqlite": "'2026-01-01 12:00:00.000000'", "postgresql": "timestamptz '2026-01-01'"}
_COUNTED: Final = {"sqlite": ("ANALYZE",), "postgresql": ("ANALYZE", "CHECKPOINT")}


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose app shows codes, with a session that proves nothing yet."""

    person: Person
    session: SessionId
    token: str = field(repr=False)
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is in a store, as far as somebody takes part, and who may call its API."""

    holders: Sequence[Holder]
    api_token: str = field(repr=False)


async def gather(url: str, ring: KeyRing, *, people: int, holders: int) -> Crowd:
    """The store at the URL, new till now, has so many people; return those that take part."""
    where, tokens = database(url), Tokens(ring)
    engine = where.writer()
    async with engine.begin() as connection:
        vault = await canary.prove(connection, ring, utc_now())
        found = [_holder(tokens, number) for number in range(holders)]
        await _settle(connection, vault, tokens, found)
        await _fill(connection, vault, people - holders)
    async with engine.connect() as connection:
        for statement in _COUNTED[connection.dialect.name]:
            await connection.execute(text(statement))
        await connection.commit()
    await engine.dispose()
    return Crowd(found, await _client(url, ring, tokens))


async def _client(url: str, ring: KeyRing, tokens: Tokens) -> str:
    store = await open_store(url, ring, utc_now)
    wanted = Request("bench", frozenset({Scope.CHALLENGES_WRITE}), _DAY)
    try:
        made, _ = await Clients(store, tokens, utc_now).create(wanted, "bench")
    finally:
        await store.close()
    return made


async def _fill(connection: AsyncConnection, vault: Vault, people: int) -> None:
    if people <= 0:
        return
    stranger = _row(vault, _holder(Tokens(vault.ring), 0), utc_now())
    values = {"realm": REALM, "people": people}
    kind = connection.dialect.name
    for statement in _FILL:
        said = statement.format(random=_RANDOM[kind], at=_AT[kind])
        named = {name: stranger[name] for name in ("material", "mac") if f":{name}" in said}
        order = said.replace("INSERT", f"{_NUMBERS} INSERT", 1)
        await connection.execute(text(order), {**values, **named})


async def _settle(
    connection: AsyncConnection, vault: Vault, tokens: Tokens, holders: Sequence[Holder]
) -> None:
    now = utc_now()
    known = [
        {
            "realm": one.person.realm,
            "subject": one.person.subject,
            "enabled": True,
            "epoch": 0,
            "created_at": now,
            "enrolled_at": now,
        }
        for one in holders
    ]
    await connection.execute(insert(accounts), known)
    await connection.execute(insert(authenticators), [_row(vault, one, now) for one in holders])
    begun = [_session(tokens, one, now) for one in holders]
    await connection.execute(insert(sessions), begun)


def _holder(tokens: Tokens, number: int) -> Holder:
    secret = number.to_bytes(4, "big") * 5
    which = SessionId(f"session-{number}")
    return Holder(Person(REALM, f"person-{number}"), which, tokens.mint_session(), secret)


def _row(vault: Vault, one: Holder, now: datetime) -> Mapping[str, object]:
    memory: Mapping[str, int | str] = {"algorithm": "SHA1", "digits": 6, "period": PERIOD_S}
    made = Authenticator(
        id=AuthenticatorId(f"app-{one.person.subject}"),
        person=one.person,
        factor="totp",
        name="totp",
        status=AuthenticatorStatus.ACTIVE,
        level=Level.TWO_FACTOR,
        version=1,
        created_at=now - _DAY,
        material=SharedSecret(one.secret, memory),
    )
    return Sealing(vault).row(made)


def _session(tokens: Tokens, one: Holder, now: datetime) -> Mapping[str, object]:
    return {
        "id": one.session,
        "realm": one.person.realm,
        "subject": one.person.subject,
        "status": "pending",
        "token_hash": tokens.session_hash(one.token),
        "created_at": now,
        "expires_at": now + _DAY,
        "last_seen_at": now,
        "proofs": "[]",
        "login": "",
        "epoch": 0,
        "user_agent": "",
        "address": "",
    }
