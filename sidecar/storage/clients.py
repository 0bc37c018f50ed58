"""Tokens of the management API, found by their hash."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.clients import ApiClient, ApiToken, ClientId, Scope
from sidecar.core.model import TokenHash
from sidecar.storage.client_tables import api_tokens
from sidecar.storage.vault import Vault, canonical, sealed_by
from sidecar.storage.written import Written

PURPOSE: Final = "api-token"

_log = structlog.get_logger(__name__)
_BY_HASH: Final = Written(select(api_tokens).where(api_tokens.c.hash == bindparam("hashed")))
_SCOPES: Final = frozenset(Scope)

AnyRow = Row[*tuple[object, ...]]


class SqlApiTokens:
    """Tokens in `api_tokens`.

    A MAC covers what a token opens, for whom and until when, so that whoever writes to the table
    can take rights away, by revoking, but give none.
    """

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, token: ApiToken, hashed: TokenHash) -> None:
        values: dict[str, object] = {
            "id": token.client.id,
            "name": token.client.name,
            "hash": hashed,
            "scopes": canonical(sorted(token.client.scopes)).decode(),
            "networks": canonical(list(token.networks)).decode(),
            "by": token.by,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        mac = self._vault.ring.vouch(PURPOSE, self._statement(values))
        await self._connection.execute(insert(api_tokens).values(**values, mac=mac))

    async def find(self, hashed: TokenHash) -> ApiToken | None:
        """Return the token, live or not; None: there is none, or its row was tampered with."""
        row = (await _BY_HASH.on(self._connection, {"hashed": hashed})).one_or_none()
        return None if row is None or not self._vouched(row) else _token(row)

    async def all(self) -> tuple[ApiToken, ...]:
        """Return every token that was not swept away, newest first."""
        return await self._read(api_tokens.c.id.is_not(None))

    async def revoke(self, which: ClientId, now: datetime) -> bool:
        """Return whether there was such a token that was not revoked yet."""
        revoked = await self._connection.execute(
            update(api_tokens)
            .where(api_tokens.c.id == which, api_tokens.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return revoked.rowcount == 1

    async def touch(self, which: ClientId, now: datetime) -> None:
        """The token was used now, and is vouched for with the active key."""
        query = select(api_tokens).where(api_tokens.c.id == which)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return
        changes: dict[str, object] = {"last_used_at": now}
        if sealed_by(row.mac) != self._vault.ring.active and self._vouched(row):
            changes |= self._remade(row)
        await self._connection.execute(
            update(api_tokens).where(api_tokens.c.id == which).values(**changes)
        )

    async def any_live(self, now: datetime) -> bool:
        """Tell whether some token opens something now."""
        going_on = api_tokens.c.revoked_at.is_(None) & (api_tokens.c.expires_at > now)
        return bool(await self._read(going_on))

    async def _read(self, wanted: ColumnElement[bool]) -> tuple[ApiToken, ...]:
        query = select(api_tokens).where(wanted)
        query = query.order_by(api_tokens.c.created_at.desc(), api_tokens.c.id)
        rows = await self._connection.execute(query)
        return tuple(_token(row) for row in rows if self._vouched(row))

    def remade(self, rows: Sequence[AnyRow]) -> list[dict[str, str | None] | None]:
        """Return for each row its tag by the active key; None where the one it has does not fit."""
        return [self._remade(row) if self._vouched(row) else None for row in rows]

    def fit(self, rows: Sequence[AnyRow]) -> list[bool]:
        """Return of each row whether it is what was written."""
        return [self._vouched(row) for row in rows]

    def _remade(self, row: AnyRow) -> dict[str, str | None]:
        return {"mac": self._vault.ring.vouch(PURPOSE, self._statement(_values(row)))}

    def _vouched(self, row: AnyRow) -> bool:
        if self._vault.ring.vouched(PURPOSE, self._statement(_values(row)), row.mac):
            return True
        _log.warning("token.tampered", token=row.id)
        return False

    def _statement(self, values: Mapping[str, object]) -> bytes:
        """Return what the MAC says: all but the moments that come later."""
        words = ("id", "name", "hash", "scopes", "networks", "by")
        moments = (values["created_at"], values["expires_at"])
        return canonical(
            [
                self._vault.instance,
                *(values[word] for word in words),
                *(f"{at.timestamp():.6f}" for at in moments if isinstance(at, datetime)),
            ]
        )


def _values(row: AnyRow) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in api_tokens.c}


def _token(row: AnyRow) -> ApiToken:
    """Return the token; a scope that this version does not know gives nothing."""
    known = (Scope(word) for word in json.loads(row.scopes) if word in _SCOPES)
    return ApiToken(
        client=ApiClient(ClientId(row.id), row.name, frozenset(known)),
        networks=tuple(json.loads(row.networks)),
        by=row.by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
