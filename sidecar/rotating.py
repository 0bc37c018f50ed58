"""Root keys are replaced while everything goes on: looked at, and what older ones made resealed."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict
from sidecar.core.protocols import Clock
from sidecar.core.replicas import Replica
from sidecar.settings.load import Loaded
from sidecar.storage.canary import sealing
from sidecar.storage.known_keys import KnownKey, KnownKeys
from sidecar.storage.leases import SqlLeases
from sidecar.storage.needs import Found, Needs
from sidecar.storage.purposes import forget, keep, kept_of, needed
from sidecar.storage.resealing import TABLES, Batch, Key, Resealing
from sidecar.storage.sql import SqlStore
from sidecar.storage.vault import KeyRing

CHORE: Final = "reseal"
LASTS: Final = timedelta(seconds=10)
"""So long the chore is somebody's who says nothing: whoever was killed is waited for no longer."""
LONGEST_PAUSE_S: Final = 1.0
PASSES: Final = 5
"""Rows that others held are looked at again, and so often."""

Tell = Callable[[int, str], None]
Peppers = Sequence[tuple[str, str]]


def peppers_of(loaded: Loaded) -> Peppers:
    """Return role and name of each plugin."""
    declared = (*loaded.factors, *loaded.sources, *loaded.transports)
    return [(item.role.value, item.name) for item in declared]


@dataclass(frozen=True, slots=True)
class KeyState:
    """A root key, and what stands on it."""

    id: str
    listed: bool
    """The configuration lists it."""
    active: bool
    """The configuration makes it the one that everything is made with."""
    known: KnownKey | None
    """None: no process has served with it yet."""
    needs: tuple[Found, ...]
    """What would be lost without it."""
    made: tuple[Found, ...]
    """What was made with it and counts yet, some of it by keys that were kept."""
    kept: frozenset[str]
    """The purposes that kept their key."""

    @property
    def droppable(self) -> bool:
        """Nothing would be lost without it."""
        return not self.active and not self.needs

    @property
    def used(self) -> bool:
        """Anything was ever made with it."""
        return self.known is not None and self.known.active_at is not None


@dataclass(frozen=True, slots=True)
class Survey:
    """Where an installation stands."""

    keys: tuple[KeyState, ...]
    sealing: str
    """The key that serving processes make everything with."""
    processes: tuple[Replica, ...]

    @property
    def active(self) -> KeyState:
        return next(key for key in self.keys if key.active)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of it."""

    changed: Mapping[str, int]
    unreadable: Mapping[str, tuple[str, ...]]
    """Rows by table that no key opens, or whose tag does not fit."""
    busy: Mapping[str, tuple[str, ...]]
    """Keys that processes still make everything with, and where these run."""


class Rotation:
    """Works on a store that was opened without serving, by the keys of the configuration."""

    def __init__(self, store: SqlStore, ring: KeyRing, peppers: Peppers, clock: Clock) -> None:
        self.store = store
        self._ring = ring
        self._peppers = peppers
        self._clock = clock

    async def survey(self) -> Survey:
        """Return where the installation stands."""
        now = self._clock()
        async with self.store.read() as tx:
            known = {key.id: key for key in await KnownKeys(tx.connection).all()}
            needs, keys = Needs(tx.connection, now), []
            for key_id in dict.fromkeys((*known, *self._ring.keys)):
                state = KeyState(
                    *(key_id, key_id in self._ring.keys, key_id == self._ring.active),
                    known.get(key_id),
                    needs=await needs.count(key_id),
                    made=await needs.count(key_id, kept=True),
                    kept=await kept_of(tx.connection, key_id),
                )
                keys.append(state)
            processes = await KnownKeys(tx.connection).processes(now)
            return Survey(tuple(keys), await sealing(tx.connection), processes)

    async def total(self) -> int:
        """Return how many rows older keys made."""
        async with self.store.read() as tx:
            work = Resealing(tx.connection, tx.vault)
            return sum([await work.count(name) for name in TABLES])

    async def reseal(self, tell: Tell) -> Resealed:
        """Everything is made by the active key that can be, and the rest does without older ones.

        Raises:
            Conflict: some process cannot read what the active key makes, or another one reseals.

        """
        require_known(await self.survey())
        walk = _Walk(self.store, secrets.token_hex(8), self._clock, tell)
        await walk.take()
        try:
            await walk.all()
            busy = await self._outlive()
        finally:
            await walk.done()
        broken = {name: tuple(sorted(rows)) for name, rows in walk.unreadable.items() if rows}
        return Resealed(walk.changed, broken, busy)

    async def distrust(self) -> tuple[str, ...]:
        """Nothing that somebody carries counts any more if another key than the active one made it.

        Return the keys that were trusted until now; for processes it holds once these restart
        without them.
        """
        now = self._clock()
        async with self.store.aside() as connection:
            leaked = await KnownKeys(connection).distrust(self._ring.active, now)
            for key in await KnownKeys(connection).all():
                before, until = await kept_of(connection, key.id), key.retired_at or now
                wanted = await needed(
                    *(connection, key.id, self._peppers), until=until, now=now, trusted=False
                )
                await forget(connection, key.id, before - wanted)
        return leaked

    async def _outlive(self) -> dict[str, tuple[str, ...]]:
        """What cannot be made anew has its keys; return which keys are still being used, where."""
        now, busy = self._clock(), dict[str, tuple[str, ...]]()
        async with self.store.aside() as connection:
            known = KnownKeys(connection)
            processes = await known.processes(now)
            for key in await known.all():
                places = tuple(one.place for one in processes if one.keys[:1] == (key.id,))
                if key.id == self._ring.active or key.active_at is None:
                    continue
                if places:
                    busy[key.id] = places
                else:
                    await self._settle(connection, key, now)
        return busy

    async def _settle(self, connection: AsyncConnection, key: KnownKey, now: datetime) -> None:
        """The purposes that need their key of this one have it, and no others."""
        before, listed = await kept_of(connection, key.id), key.id in self._ring.keys
        if listed and not before:  # all processes have restarted: it is retired from now on
            await KnownKeys(connection).retire(key.id, now)
        until = now if listed and not before else key.retired_at or now
        wanted = await needed(
            *(connection, key.id, self._peppers),
            until=until,
            now=now,
            trusted=key.distrusted_at is None,
        )
        if listed:
            new = sorted(wanted - before)
            await keep(connection, self.store.vault, key.id, purposes=new, now=now)
        await forget(connection, key.id, before - wanted)


def require_known(survey: Survey) -> None:
    """Every process can read what the active key makes.

    Raises:
        Conflict: one cannot.

    """
    active = survey.active.id
    if survey.sealing != active:
        message = f"no process serves with {active} as the active key yet; restart them first"
        raise Conflict(message)
    lacking = [one.place for one in survey.processes if active not in one.keys]
    if lacking:
        message = f"{', '.join(lacking)} cannot read what {active} makes; restart it first"
        raise Conflict(message)


class _Walk:
    """Goes through all tables, batch by batch, at half speed; the other half is everybody's."""

    def __init__(self, store: SqlStore, holder: str, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._holder = holder
        self._clock = clock
        self._tell = tell
        self.changed = dict.fromkeys(TABLES, 0)
        self.unreadable: dict[str, set[str]] = {name: set() for name in TABLES}

    async def take(self) -> None:
        """The chore is ours; whoever was killed in the middle of it is waited for.

        Raises:
            Conflict: somebody who lives is at it.

        """
        for _ in range(int(LASTS.total_seconds()) + 2):
            async with self._store.aside() as connection:
                leases = SqlLeases(connection)
                if await leases.take(CHORE, self._holder, self._clock(), lasts=LASTS):
                    return
            await asyncio.sleep(1)
        message = "another reseal is under way; it tells how far it is where it runs"
        raise Conflict(message)

    async def all(self) -> None:
        """Nothing is left that can be made anew, but for what others held all the time."""
        for _ in range(PASSES):
            before = sum(self.changed.values())
            for name in TABLES:
                await self._table(name)
            if sum(self.changed.values()) == before:
                return

    async def done(self) -> None:
        async with self._store.aside() as connection:
            await SqlLeases(connection).done(CHORE, self._holder, self._clock())

    async def _table(self, name: str) -> None:
        after: Key | None = None
        while True:
            began = time.monotonic()
            batch = await self._batch(name, after)
            self.changed[name] += batch.changed
            self.unreadable[name].update(batch.unreadable)
            self._tell(sum(self.changed.values()), f"{name}: {self.changed[name]} rows")
            after = batch.after
            if after is None:
                return
            await asyncio.sleep(min(time.monotonic() - began, LONGEST_PAUSE_S))

    async def _batch(self, name: str, after: Key | None) -> Batch:
        async with self._store.aside() as connection:
            leases = SqlLeases(connection)
            if not await leases.renew(CHORE, self._holder, self._clock(), lasts=LASTS):
                message = "another reseal took over"
                raise Conflict(message)
            return await Resealing(connection, self._store.vault).batch(name, after)
