"""Which schemas of the database this version knows.

Told without Alembic, which only a migration needs: it costs every process 10 MiB and every start a
fifth of a second.
"""

from typing import Final

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.faults import StoreUnproven

REVISIONS: Final = ("0001", "0002", "0003", "0004")
"""From the first to the newest; below the first there is only an empty store."""

SERVES_FROM: Final = "0004"
"""The oldest revision whose version can work with the newest schema, as that schema says too."""

UP: Final = "sidecar migrate up"
_VERSIONS: Final = table("alembic_version", column("version_num"))


async def revision(connection: AsyncConnection) -> str | None:
    """Return the revision the database says it has; None: it was never migrated by us."""
    return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.execute(select(_VERSIONS.c.version_num)).scalar()


def judge_revision(found: str | None) -> None:
    """Refuse a database of any other revision than the newest.

    Raises:
        StoreUnproven: older, newer, or not ours.

    """
    judge_origin(found)
    if found != REVISIONS[-1]:
        raise StoreUnproven(f"the database's schema is older than this version: {found}", UP)


def judge_origin(found: str | None) -> None:
    """Refuse a database of a revision that this version never heard of.

    Raises:
        StoreUnproven: newer, or not ours.

    """
    if found is None:
        raise StoreUnproven("the database holds another program's tables")
    if found not in REVISIONS:
        raise StoreUnproven(
            f"the database's schema is of another version: {found}",
            "run that version, or go back with its `sidecar migrate down`",
        )
