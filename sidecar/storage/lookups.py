"""The single-use codes of authenticators, one row each."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import StaleMaterial
from sidecar.core.model import AuthenticatorId, LookupCode, LookupCodes
from sidecar.storage.tables import backup_codes


class Lookups:
    """Sets of codes in `backup_codes`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, owners: Iterable[str]) -> dict[str, LookupCodes]:
        """Return the set of each authenticator that has one, its codes in their order."""
        query = (
            select(backup_codes)
            .where(backup_codes.c.authenticator_id.in_(tuple(owners)))
            .order_by(backup_codes.c.authenticator_id, backup_codes.c.position)
        )
        found: dict[str, tuple[LookupCode, ...]] = {}
        for row in await self._connection.execute(query):
            code = LookupCode(row.selector, row.hash, row.used_at)
            found[row.authenticator_id] = (*found.get(row.authenticator_id, ()), code)
        return {owner: LookupCodes(codes) for owner, codes in found.items()}

    async def put(self, owner: AuthenticatorId, material: LookupCodes) -> None:
        """The authenticator has exactly these codes."""
        await self.drop(owner)
        rows = [
            {
                "authenticator_id": owner,
                "selector": code.selector,
                "position": position,
                "hash": code.hash,
                "used_at": code.used_at,
            }
            for position, code in enumerate(material.codes)
        ]
        if rows:
            await self._connection.execute(insert(backup_codes), rows)

    async def drop(self, owner: AuthenticatorId) -> None:
        """The authenticator has no codes any more."""
        rows = backup_codes.c.authenticator_id == owner
        await self._connection.execute(delete(backup_codes).where(rows))

    async def use(self, owner: AuthenticatorId, code: LookupCode) -> None:
        """The code is used up, by one conditional statement.

        Raises:
            StaleMaterial: it was used before, or is not the authenticator's.

        """
        used = await self._connection.execute(
            update(backup_codes)
            .where(
                backup_codes.c.authenticator_id == owner,
                backup_codes.c.selector == code.selector,
                backup_codes.c.hash == code.hash,
                backup_codes.c.used_at.is_(None),
            )
            .values(used_at=code.used_at)
        )
        if used.rowcount != 1:
            raise StaleMaterial("the code was used meanwhile")


def newly_used(before: LookupCodes, after: LookupCodes) -> tuple[LookupCode, ...] | None:
    """Return the codes that `after` says are used and `before` does not; None: another set."""
    if _names(before) != _names(after):
        return None
    pairs = tuple(zip(before.codes, after.codes, strict=True))
    if any(old.used_at is not None and old.used_at != new.used_at for old, new in pairs):
        return None
    return tuple(new for old, new in pairs if old.used_at is None and new.used_at is not None)


def _names(material: LookupCodes) -> list[tuple[str, str]]:
    return [(code.selector, code.hash) for code in material.codes]
