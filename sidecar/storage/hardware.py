"""The public keys of authenticators, one row each; a credential belongs to one person only."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict
from sidecar.core.model import AuthenticatorId, PublicKey
from sidecar.storage.dialects import upsert
from sidecar.storage.tables import hardware_keys
from sidecar.storage.vault import canonical


class HardwareKeys:
    """Public keys in `hardware_keys`; what they say is covered by the MAC of their owner's row."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, owners: Iterable[str]) -> dict[str, PublicKey]:
        """Return the key of each authenticator that has one."""
        query = select(hardware_keys).where(hardware_keys.c.authenticator_id.in_(tuple(owners)))
        return {
            row.authenticator_id: PublicKey(
                credential_id=_bytes(row.credential_id),
                public_key=_bytes(row.public_key),
                sign_count=row.sign_count,
                state={
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in json.loads(row.state).items()
                },
            )
            for row in await self._connection.execute(query)
        }

    async def add(self, owner: AuthenticatorId, key: PublicKey) -> None:
        """The authenticator has this key.

        Raises:
            Conflict: the credential is registered already, to whomever (WebAuthn L3 §7.1 step 26).

        """
        values = {"authenticator_id": owner, **_columns(key)}
        added = await self._connection.execute(
            upsert(self._connection, hardware_keys).values(**values).on_conflict_do_nothing()
        )
        if added.rowcount != 1:
            raise Conflict("already-registered")

    async def replace(self, owner: AuthenticatorId, key: PublicKey) -> None:
        """The authenticator's key is as given: the same credential, with a new counter."""
        await self._connection.execute(
            update(hardware_keys)
            .where(hardware_keys.c.authenticator_id == owner)
            .values(**_columns(key))
        )

    async def drop(self, owner: AuthenticatorId) -> None:
        """The authenticator has no key any more, and its credential is free."""
        row = hardware_keys.c.authenticator_id == owner
        await self._connection.execute(delete(hardware_keys).where(row))


def _columns(key: PublicKey) -> dict[str, object]:
    return {
        "credential_id": _text(key.credential_id),
        "public_key": _text(key.public_key),
        "sign_count": key.sign_count,
        "state": canonical(dict(key.state)).decode(),
    }


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return b64decode(value, validate=True)
