"""What of a root key outlives it: keys of single purposes, kept sealed until nothing needs them.

Whatever can be made anew is, by resealing. What somebody carries, what counts by a hash, and what
is evidence cannot: for it the derived key of its purpose stays, so that the root key can go.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.storage.client_tables import api_tokens
from sidecar.storage.dialects import upsert
from sidecar.storage.replica_tables import purpose_keys
from sidecar.storage.tables import authenticators, backup_codes, outbox, sessions, trusted_devices
from sidecar.storage.vault import NOBODY, Place, Vault, pepper_of

OVERLAP: Final = timedelta(hours=1)
"""So long after a key was retired, a process that is about to end may still have used it."""

EVIDENCE: Final = ("audit", "audit-erased", "pseudonym")
"""Kept for good: the trail is verified with what wrote it."""
_VISITS: Final = ("cookie", "csrf", "next")
LIVES: Final[Mapping[str, timedelta]] = {
    "assertion": timedelta(minutes=5),
    "carried": timedelta(minutes=10),
    "confirm-person": timedelta(minutes=10),
    "disown": timedelta(days=7),
    "known-browser": timedelta(days=90),
}
"""How long what others carry counts, where no row tells."""
CODES_LIVE: Final = timedelta(minutes=10)
"""How long a factor's code by message counts."""

_ELSEWHERE: Final = sessions.c.stamp.is_not(None)
"""What Redis keeps of sessions is sealed, and is not resealed there."""

_log = structlog.get_logger(__name__)
AnySelect = Select[*tuple[object, ...]]


async def recall(connection: AsyncConnection, vault: Vault) -> None:
    """The vault's ring has every key that was kept; one that does not open is told, and missed."""
    for row in await connection.execute(select(purpose_keys)):
        try:
            secret = vault.unseal(row.sealed, _place(row.purpose, row.key_id))
        except SealBroken as error:
            _log.warning("key.unreadable", purpose=row.purpose, key=row.key_id, error=str(error))
            continue
        vault.ring.keep(row.purpose, row.key_id, secret)


async def kept_of(connection: AsyncConnection, key_id: str) -> frozenset[str]:
    """Return the purposes that kept their key of this root key."""
    query = select(purpose_keys.c.purpose).where(purpose_keys.c.key_id == key_id)
    return frozenset((await connection.execute(query)).scalars())


async def keep(
    connection: AsyncConnection,
    vault: Vault,
    key_id: str,
    *,
    purposes: Iterable[str],
    now: datetime,
) -> None:
    """The purposes have their key of this root key for as long as they need it."""
    rows = [
        {
            "purpose": purpose,
            "key_id": key_id,
            "sealed": vault.seal(vault.ring.purpose_key(purpose, key_id), _place(purpose, key_id)),
            "created_at": now,
        }
        for purpose in purposes
    ]
    if rows:
        added = upsert(connection, purpose_keys).on_conflict_do_nothing()
        await connection.execute(added, rows)


async def forget(connection: AsyncConnection, key_id: str, purposes: Iterable[str]) -> None:
    """Nothing that the purposes made with this root key counts any more, once processes restart."""
    gone = purpose_keys.c.purpose.in_(tuple(purposes))
    await connection.execute(delete(purpose_keys).where(purpose_keys.c.key_id == key_id, gone))


async def needed(
    connection: AsyncConnection,
    key_id: str,
    peppers: Sequence[tuple[str, str]],
    *,
    until: datetime,
    now: datetime,
    trusted: bool = True,
) -> frozenset[str]:
    """Return the purposes that need their key of a root key that nothing is made with since.

    `until` is when it was retired, `peppers` role and name of each plugin. What somebody carries
    counts only while the key is trusted: whoever has it could have made that. API tokens do beside
    it, for they are known by their hash.
    """
    wanted = {*EVIDENCE}
    wanted |= await _met(connection, "address", counted(until))
    wanted |= await _met(connection, "api-token", calling(until, now))
    for role, name in peppers:
        if role == "factors":
            wanted |= await _met(connection, pepper_of(role, name), codes_of(key_id, name))
    if not trusted:
        return frozenset(wanted)
    wanted |= {purpose for purpose, life in LIVES.items() if now <= until + OVERLAP + life}
    visits = await _met(connection, "cookie", visiting(until, now))
    wanted |= {*_VISITS} if visits else set()
    wanted |= await _met(connection, "seal", visiting(until, now).where(_ELSEWHERE))
    wanted |= await _met(connection, "trusted-browser", remembered(until, now))
    young = now <= until + OVERLAP + CODES_LIVE
    for role, name in peppers:
        if (role == "identity" and visits) or (role == "factors" and young):
            wanted.add(pepper_of(role, name))
    return frozenset(wanted)


async def _met(connection: AsyncConnection, purpose: str, query: AnySelect) -> set[str]:
    return {purpose} if (await connection.execute(query.limit(1))).first() is not None else set()


# --- what rows tell -------------------------------------------------------------------------------


def visiting(until: datetime, now: datetime) -> AnySelect:
    """Return the sessions whose cookie may be of before."""
    alive = and_(sessions.c.status != "ended", sessions.c.expires_at > now)
    return select(sessions.c.id).where(alive, _before(sessions.c.created_at, until))


def remembered(until: datetime, now: datetime) -> AnySelect:
    """Return the remembered browsers that were not here since."""
    alive = and_(trusted_devices.c.ended_at.is_(None), trusted_devices.c.expires_at > now)
    query = select(trusted_devices.c.id)
    return query.where(alive, _before(trusted_devices.c.last_used_at, until))


def calling(until: datetime, now: datetime) -> AnySelect:
    """Return the API tokens that were made before."""
    alive = and_(api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now)
    return select(api_tokens.c.id).where(alive, _before(api_tokens.c.created_at, until))


def counted(until: datetime) -> AnySelect:
    """Return the messages that are counted under a hash of before."""
    return select(outbox.c.id).where(_before(outbox.c.created_at, until))


def codes_of(key_id: str, factor: str | None = None) -> AnySelect:
    """Return who holds codes whose hash names the key, of one factor or of all."""
    theirs = backup_codes.join(
        authenticators, authenticators.c.id == backup_codes.c.authenticator_id
    )
    named = backup_codes.c.hash.startswith(f"{key_id}:", autoescape=True)
    query = select(authenticators.c.id).select_from(theirs).where(named).distinct()
    held = authenticators.c.status != "removed"
    return query.where(held, *([] if factor is None else [authenticators.c.factor == factor]))


def _before(moment: ColumnElement[datetime], until: datetime) -> ColumnElement[bool]:
    return moment <= until + OVERLAP


def _place(purpose: str, key_id: str) -> Place:
    return Place(NOBODY, "purpose_keys", "sealed", f"{purpose}/{key_id}")
