"""What still needs a root key, and so keeps it from being dropped."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, inspect, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.client_tables import api_tokens
from sidecar.storage.columns import Utc
from sidecar.storage.purposes import calling, codes_of, counted, kept_of, remembered, visiting
from sidecar.storage.replica_tables import purpose_keys
from sidecar.storage.tables import (
    audit_events,
    authenticators,
    canaries,
    challenges,
    notification_addresses,
    outbox,
    sessions,
    trusted_devices,
)
from sidecar.storage.vault import pepper_of

AnySelect = Select[*tuple[object, ...]]
_ENDS: Final = "ends"
NEVER: Final = null().cast(Utc).label(_ENDS)


@dataclass(frozen=True, slots=True)
class Need:
    """Rows that would be lost with the key."""

    table: str
    what: str
    """As a sentence goes on: "… with key k1"."""
    rows: AnySelect
    """Each row, and when it is over by itself."""
    purpose: str = ""
    """What can be kept of the key, so that the rows do without the rest of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows need a key."""

    need: Need
    rows: int
    until: datetime | None
    """When the last of them is over; None: never, or nobody knows."""


class Needs:
    """What needs a root key; where it was retired, what was made before that too."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of(self, key_id: str) -> tuple[Need, ...]:
        """Return what may need the key; whether rows do, `first` and `count` tell."""
        if not await self._connection.run_sync(_knows_keys):
            return tuple(await self._before_keys_were_known(key_id))
        kept = await kept_of(self._connection, key_id)
        return (*named(key_id, self._now), *await self._made_before(key_id, kept))

    async def first(self, key_id: str) -> Need | None:
        """Return something that needs the key; None: nothing does."""
        for need in await self.of(key_id):
            if (await self._connection.execute(need.rows.limit(1))).first() is not None:
                return need
        return None

    async def count(self, key_id: str, *, kept: bool = False) -> tuple[Found, ...]:
        """Return everything that needs the key; or what would, if nothing of it were kept."""
        found = []
        for need in await (self._made_before(key_id, ()) if kept else self.of(key_id)):
            rows = need.rows.subquery()
            query = select(func.count(), func.max(rows.c.ends)).select_from(rows)
            number, until = (await self._connection.execute(query)).one()
            if number:
                found.append(Found(need, number, until))
        return tuple(found)

    async def _before_keys_were_known(self, key_id: str) -> list[Need]:
        """A store that was not migrated yet has fewer tables; some have no API tokens."""
        there = await self._connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
        return [need for need in named(key_id, self._now) if need.table in _FIRST & there]

    async def _made_before(self, key_id: str, kept: Collection[str]) -> list[Need]:
        """Return what no row names the key of, and what is evidence: unless its key was kept."""
        codes = _unkept(codes_of(key_id), kept)
        made = Need("backup_codes", "backup codes are peppered", codes, pepper_of("factors", ""))
        query = select(canaries.c.active_at, canaries.c.retired_at)
        row = (await self._connection.execute(query.where(canaries.c.key_id == key_id))).first()
        if row is None or row.active_at is None:  # nothing was ever made with it
            return [made]
        unnamed = _unnamed(key_id, row.retired_at or self._now, self._now)
        return [made, *(need for need in unnamed if need.purpose not in kept)]


def named(key_id: str, now: datetime) -> Iterator[Need]:
    """Yield what rows say that the key sealed or vouched for, and that resealing makes anew.

    Not needed is the key of a kept answer: without it nothing is executed twice, and in a day
    nobody asks. Nor is that of what is over.
    """
    mine = f"v1:{key_id}:"
    held = authenticators.c.status != "removed"
    used = or_(_begins(authenticators.c.material, mine), _begins(authenticators.c.mac, mine))
    yield Need(
        *("authenticators", "authenticators are sealed"),
        select(authenticators.c.id, NEVER).where(held, used),
    )
    live = api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now
    yield Need(
        *("api_tokens", "API tokens are vouched for"),
        select(api_tokens.c.id, api_tokens.c.expires_at.label(_ENDS)).where(
            _begins(api_tokens.c.mac, mine), *live
        ),
    )
    yield Need(
        *("notification_addresses", "addresses are sealed"),
        select(notification_addresses.c.id, NEVER).where(
            _begins(notification_addresses.c.address, mine)
        ),
    )
    yield from _passing(mine, now)


def _passing(mine: str, now: datetime) -> Iterator[Need]:
    """Yield the same of what is over soon, and of what was kept of other keys."""
    yield Need(
        *("outbox", "messages are sealed"),
        select(outbox.c.id, outbox.c.expires_at.label(_ENDS)).where(
            _begins(outbox.c.message, mine), outbox.c.expires_at > now
        ),
    )
    begun = or_(_begins(challenges.c.prompt, mine), _begins(challenges.c.state, mine))
    yield Need(
        *("two_factor_challenges", "open challenges are sealed"),
        select(challenges.c.id, challenges.c.expires_at.label(_ENDS)).where(
            begun, challenges.c.expires_at > now
        ),
    )
    yield Need(
        *("purpose_keys", "keys of single purposes are sealed"),
        select(purpose_keys.c.purpose, NEVER).where(_begins(purpose_keys.c.sealed, mine)),
    )


def _unnamed(key_id: str, until: datetime, now: datetime) -> Iterator[Need]:
    """Yield what was made with the key until then, by the purpose whose key it needs."""
    begun = visiting(until, now).add_columns(sessions.c.expires_at.label(_ENDS))
    yield Need("sessions", "sessions were begun", begun, "cookie")
    browsers = remembered(until, now).add_columns(trusted_devices.c.expires_at.label(_ENDS))
    yield Need("trusted_devices", "browsers are remembered", browsers, "trusted-browser")
    tokens = calling(until, now).add_columns(api_tokens.c.expires_at.label(_ENDS))
    yield Need("api_tokens", "API tokens were made", tokens, "api-token")
    messages = counted(until).add_columns(NEVER)
    yield Need("outbox", "messages are counted", messages, "address")
    mine = _begins(audit_events.c.mac, f"v1:{key_id}:")
    rows = select(audit_events.c.sequence, NEVER).where(mine)
    yield Need("audit_events", "rows of the audit trail are tagged", rows, "audit")


def _unkept(codes: AnySelect, kept: Collection[str]) -> AnySelect:
    """Return who holds codes of a factor whose pepper was not kept."""
    mine = pepper_of("factors", "")
    factors = [purpose.removeprefix(mine) for purpose in kept if purpose.startswith(mine)]
    return codes.add_columns(NEVER).where(authenticators.c.factor.not_in(factors))


def _begins(column: ColumnElement[str | None], mine: str) -> ColumnElement[bool]:
    return and_(column.is_not(None), column.startswith(mine, autoescape=True))


def _knows_keys(connection: Connection) -> bool:
    return inspect(connection).has_table(purpose_keys.name)


_FIRST: Final = frozenset({"authenticators", "api_tokens"})
"""What the schemas of before have that needs a key."""
