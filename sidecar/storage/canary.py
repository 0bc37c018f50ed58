"""A store proves that it is ours before it is used."""

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, insert, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import SealBroken
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.known_keys import KnownKeys
from sidecar.storage.needs import Needs
from sidecar.storage.replica_tables import purpose_keys
from sidecar.storage.revisions import SERVES_FROM
from sidecar.storage.tables import canaries, instance
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


async def prove(connection: AsyncConnection, ring: KeyRing, now: datetime) -> Vault:
    """Return the vault of this store's instance: its id and every known key's canary open.

    Raises:
        StoreUnproven: another installation's store, another key under a known name, or a key
            that rows still need is gone.

    """
    vault = Vault(ring, await instance_of(connection, ring))
    known = (await connection.execute(select(canaries.c.key_id, canaries.c.sealed))).all()
    gone = await _gone(connection)
    for key_id, sealed in known:
        if key_id in ring.keys:
            _look(vault, key_id, sealed)
        elif key_id not in gone:
            await _refuse_needed(Needs(connection, now), key_id)
    return vault


async def adopt(connection: AsyncConnection, vault: Vault, now: datetime) -> None:
    """The store knows every key of the ring, and since when which of them makes everything.

    Only after `prove`: an older key has shown that ring and store belong together.

    Raises:
        StoreUnproven: a replica that serves could not read what the active key makes.

    """
    known = set((await connection.execute(select(canaries.c.key_id))).scalars())
    for key_id in vault.ring.keys:
        if key_id not in known:
            await _hatch(connection, vault, key_id, now)
    sealed = (await connection.execute(select(instance.c.sealed))).scalar_one()
    if sealed_by(sealed) != vault.ring.active:
        await _require_read(connection, vault.ring.active, now)
        again = Vault(vault.ring, "").seal(vault.instance.encode(), _BIRTH)
        await connection.execute(update(instance).values(sealed=again))
    for condition, values in _news(vault.ring, now):
        await connection.execute(update(canaries).where(condition).values(**values))


async def needs_adoption(connection: AsyncConnection, ring: KeyRing, now: datetime) -> bool:
    """Tell whether `adopt` would write anything."""
    known = set((await connection.execute(select(canaries.c.key_id))).scalars())
    if not known.issuperset(ring.keys) or await sealing(connection) != ring.active:
        return True
    news = or_(*(condition for condition, _ in _news(ring, now)))
    found = await connection.execute(select(canaries.c.key_id).where(news).limit(1))
    return found.first() is not None


async def sealing(connection: AsyncConnection) -> str:
    """Return the id of the key that serving processes seal with."""
    return sealed_by((await connection.execute(select(instance.c.sealed))).scalar_one())


def _news(
    ring: KeyRing, now: datetime
) -> tuple[tuple[ColumnElement[bool], dict[str, object]], ...]:
    """Return what the store does not know yet of the keys, each with what is to be written."""
    active, there = canaries.c.key_id == ring.active, canaries.c.key_id.in_(tuple(ring.keys))
    ended = canaries.c.active_at.is_not(None) & canaries.c.retired_at.is_(None)
    return (
        (active & canaries.c.active_at.is_(None), {"active_at": now}),
        (active & canaries.c.retired_at.is_not(None), {"retired_at": None}),
        (~active & ended, {"retired_at": now}),
        (there & canaries.c.dropped_at.is_not(None), {"dropped_at": None}),
        (~there & canaries.c.dropped_at.is_(None), {"dropped_at": now}),
    )


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


async def _gone(connection: AsyncConnection) -> frozenset[str]:
    """Return the keys that a process has served without, and that none came back with since."""
    if not await connection.run_sync(lambda sync: inspect(sync).has_table(purpose_keys.name)):
        return frozenset()  # before the last migration
    query = select(canaries.c.key_id).where(canaries.c.dropped_at.is_not(None))
    return frozenset((await connection.execute(query)).scalars())


async def _require_read(connection: AsyncConnection, active: str, now: datetime) -> None:
    """Refuse to make everything with a key that others lack: they would refuse people."""
    processes = await KnownKeys(connection).processes(now)
    lacking = [one.place for one in processes if active not in one.keys]
    if lacking:
        raise StoreUnproven(
            f"{', '.join(lacking)} could not read what key {active!r} makes",
            "let it only open (`state: decrypt`) everywhere first; see: sidecar keys rotate",
        )


async def _refuse_needed(needs: Needs, key_id: str) -> None:
    need = await needs.first(key_id)
    if need is not None:
        raise StoreUnproven(
            f"{need.what} with key {key_id!r}, which `keys:` no longer lists",
            "list it again with `state: decrypt`, then run: sidecar keys reseal",
        )


async def _hatch(connection: AsyncConnection, vault: Vault, key_id: str, now: datetime) -> None:
    sealed = vault.seal(b"canary", _cage(key_id), key_id=key_id)
    await connection.execute(insert(canaries).values(key_id=key_id, sealed=sealed, created_at=now))


def _cage(key_id: str) -> Place:
    return Place(NOBODY, "key_canaries", "sealed", key_id)
