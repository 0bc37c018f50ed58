"""Answers kept under the key that a caller chose: sealed, and executed once."""

import json
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.clients import ClientId
from sidecar.core.errors import SealBroken
from sidecar.core.replays import KeptAnswer, Replay
from sidecar.storage.client_tables import idempotency_keys
from sidecar.storage.dialects import upsert
from sidecar.storage.vault import NOBODY, Place, Vault, canonical, digest

STALE_AFTER: Final = timedelta(seconds=60)
"""Longer than any call takes: whoever claimed a key and said nothing since is dead."""

KEPT_FOR: Final = timedelta(hours=24)
"""How long a key counts."""

_log = structlog.get_logger(__name__)
_keys = idempotency_keys.c


class SqlReplays:
    """Keys and answers in `idempotency_keys`, a key as a hash of client and key."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def claim(
        self, client: ClientId, key: str, request_hash: str, now: datetime
    ) -> Replay | None:
        """Return the call that came before; None: this one is the first, and the key is taken."""
        fresh = {
            "request_hash": request_hash,
            "answer": None,
            "claimed_at": now,
            "expires_at": now + KEPT_FOR,
        }
        claimed = await self._connection.execute(
            upsert(self._connection, idempotency_keys)
            .values(client=client, key=_hashed(client, key), **fresh)
            .on_conflict_do_update(
                index_elements=(_keys.client, _keys.key),
                set_=fresh,
                where=_free(request_hash, now),
            )
            .returning(_keys.key)
        )
        if claimed.one_or_none() is not None:
            return None
        query = select(idempotency_keys).where(_one(client, key))
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:  # dropped by another since; nothing is known of it but that it ran
            return Replay(request_hash, None)
        return Replay(row.request_hash, self._opened(row))

    async def settle(self, client: ClientId, key: str, answer: KeptAnswer, now: datetime) -> None:
        """The answer is kept; of two the first stays."""
        content = {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": b64encode(answer.body).decode(),
        }
        sealed = self._vault.seal(canonical(content), _place(client, _hashed(client, key)))
        await self._connection.execute(
            update(idempotency_keys)
            .where(_one(client, key), _keys.answer.is_(None))
            .values(answer=sealed, expires_at=now + KEPT_FOR)
        )

    async def drop(self, client: ClientId, key: str) -> None:
        """The call did not come to an end, so the next of its key is the first."""
        await self._connection.execute(
            delete(idempotency_keys).where(_one(client, key), _keys.answer.is_(None))
        )

    def _opened(self, row: Row[*tuple[object, ...]]) -> KeptAnswer | None:
        """Return the kept answer; None where there is none, or it does not open.

        One that does not open looks as if it were still being made, for the whole day: the call
        was executed, and must not be again because somebody broke the seal.
        """
        if row.answer is None:
            return None
        try:
            content = json.loads(self._vault.unseal(row.answer, _place(row.client, row.key)))
        except SealBroken as error:
            _log.warning("answer.unreadable", client=row.client, error=str(error))
            return None
        return KeptAnswer(content["status"], content["headers"], b64decode(content["body"]))


def _free(request_hash: str, now: datetime) -> ColumnElement[bool]:
    """Return when a key that was taken may be taken again.

    A stale claim goes to the same call only: another one under its key is a mistake at any time.
    """
    unanswered = and_(_keys.answer.is_(None), _keys.claimed_at <= now - STALE_AFTER)
    return or_(_keys.expires_at <= now, and_(unanswered, _keys.request_hash == request_hash))


def _one(client: ClientId, key: str) -> ColumnElement[bool]:
    return and_(_keys.client == client, _keys.key == _hashed(client, key))


def _hashed(client: ClientId, key: str) -> str:
    return digest(canonical([client, key]))


def _place(client: str, hashed: str) -> Place:
    return Place(NOBODY, "idempotency_keys", "answer", f"{client}/{hashed}")
