"""A store proves that it is ours before it is used."""

import secrets
from datetime import datetime

from sqlalchemy import Select, func, insert, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.storage.client_tables import api_tokens
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.revisions import SERVES_FROM
from sidecar.storage.tables import authenticators, canaries, instance
from sidecar.storage.vault import NOBODY, KeyRing, Place, Vault, sealed_by

_ROW = 1
_BIRTH = Place(NOBODY, "instance", "sealed", str(_ROW))
_FOREIGN = "the database is not this installation's"
_KEYS = "use the `keys:` that it was made with, or restore the right database"


async def plant(connection: AsyncConnection, ring: KeyRing, now: datetime) -> None:
    """The store has a new instance id and a canary for each key."""
    name = secrets.token_hex(16)
    sealed = Vault(ring, "").seal(name.encode(), _BIRTH)
    row = {"id": _ROW, "sealed": sealed, "created_at": now, "serves_from": SERVES_FROM}
    await connection.execute(insert(instance).values(row))
    for key_id in ring.keys:
        await _hatch(connection, Vault(ring, name), key_id, now)


async def prove(connection: AsyncConnection, ring: KeyRing) -> Vault:
    """Return the vault of this store's instance: its id and every known key's canary open.

    Raises:
        StoreUnproven: another installation's store, another key under a known name, or a key
            that rows still need is gone.

    """
    vault = Vault(ring, await instance_of(connection, ring))
    known = (await connection.execute(select(canaries.c.key_id, canaries.c.sealed))).all()
    for key_id, sealed in known:
        if key_id in ring.keys:
            _look(vault, key_id, sealed)
        else:
            await _refuse_needed(connection, key_id)
    return vault


async def adopt(connection: AsyncConnection, vault: Vault, now: datetime) -> None:
    """Each new key of the ring has its canary, and the instance id is sealed with the active key.

    Only after `prove`: an older key has shown that ring and store belong together.
    """
    known = set((await connection.execute(select(canaries.c.key_id))).scalars())
    for key_id in vault.ring.keys:
        if key_id not in known:
            await _hatch(connection, vault, key_id, now)
    sealed = (await connection.execute(select(instance.c.sealed))).scalar_one()
    if sealed_by(sealed) != vault.ring.active:
        again = Vault(vault.ring, "").seal(vault.instance.encode(), _BIRTH)
        await connection.execute(update(instance).values(sealed=again))


async def needs_adoption(connection: AsyncConnection, ring: KeyRing) -> bool:
    """Tell whether `adopt` would write anything."""
    known = set((await connection.execute(select(canaries.c.key_id))).scalars())
    sealed = (await connection.execute(select(instance.c.sealed))).scalar_one()
    return not known.issuperset(ring.keys) or sealed_by(sealed) != ring.active


async def has_tables(connection: AsyncConnection) -> bool:
    """Tell whether there is any table, ours or another program's; what Alembic leaves is none."""
    names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return bool({*names} - {"alembic_version"})


async def instance_of(connection: AsyncConnection, ring: KeyRing) -> str:
    """Return the id of the instance whose store this is.

    Raises:
        StoreUnproven: it has none, or none that the keys open.

    """
    sealed = (await connection.execute(select(instance.c.sealed))).scalars().all()
    if len(sealed) != 1:
        raise StoreUnproven(f"{_FOREIGN}: it has no instance id", _KEYS)
    try:
        return Vault(ring, "").unseal(sealed[0], _BIRTH).decode()
    except SealBroken as error:
        raise StoreUnproven(f"{_FOREIGN}, or the keys are: its id does not open", _KEYS) from error


def _look(vault: Vault, key_id: str, sealed: str) -> None:
    message = f"key {key_id!r} is not the one that this database knows by that name"
    hint = "a new key needs a new id"
    if sealed_by(sealed) != key_id:
        raise StoreUnproven(message, hint)
    try:
        vault.unseal(sealed, _cage(key_id))
    except SealBroken as error:
        raise StoreUnproven(message, hint) from error


async def _refuse_needed(connection: AsyncConnection, key_id: str) -> None:
    """Refuse a store that still needs a key.

    Not needed is the key of a kept answer: without it nothing is executed twice, and in a day
    nobody asks.
    """
    for what, query in await _needing(connection, f"v1:{key_id}:"):
        if (await connection.execute(query.limit(1))).first() is not None:
            raise StoreUnproven(
                f"{what} with key {key_id!r}, which `keys:` no longer lists",
                "list it again with `state: decrypt`",
            )


async def _needing(
    connection: AsyncConnection, mine: str
) -> list[tuple[str, Select[*tuple[object, ...]]]]:
    """Return what to look for; a store that was not migrated yet has no API tokens."""
    used = or_(
        authenticators.c.material.startswith(mine, autoescape=True),
        authenticators.c.mac.startswith(mine, autoescape=True),
    )
    held = select(authenticators.c.id).where(used, authenticators.c.status != "removed")
    needing = [("authenticators are sealed", held)]
    if await connection.run_sync(lambda sync: inspect(sync).has_table(api_tokens.name)):
        live = select(api_tokens.c.id).where(
            api_tokens.c.mac.startswith(mine, autoescape=True),
            api_tokens.c.revoked_at.is_(None),
            api_tokens.c.expires_at > func.current_timestamp(),
        )
        needing.append(("API tokens are vouched for", live))
    return needing


async def _hatch(connection: AsyncConnection, vault: Vault, key_id: str, now: datetime) -> None:
    sealed = vault.seal(b"canary", _cage(key_id), key_id=key_id)
    await connection.execute(insert(canaries).values(key_id=key_id, sealed=sealed, created_at=now))


def _cage(key_id: str) -> Place:
    return Place(NOBODY, "key_canaries", "sealed", key_id)
