"""Which schemas of the database this version knows, and with which newer ones it can work.

Told without Alembic, which only a migration needs: it costs every process 10 MiB and every start a
fifth of a second.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.faults import StoreUnproven

REVISIONS: Final = ("0001", "0002", "0003", "0004")
"""From the first to the newest, in the order of their names too; below there is nothing."""

SERVES_FROM: Final = "0004"
"""The oldest revision whose version can work with the newest schema, as that schema says too."""

UP: Final = "sidecar migrate up"
_VERSIONS: Final = table("alembic_version", column("version_num"))
_INSTANCE: Final = table("instance", column("serves_from"))


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database says of its own schema."""

    revision: str | None
    """None: it was never migrated by us."""
    serves_from: str | None = None
    """The oldest revision whose version can work with it; None where it does not say."""

    @property
    def newer(self) -> bool:
        """It is later than those that this version knows, and serves this version too.

        A newer version only adds what an older one can do without, so that both can run while
        one replaces the other. What cannot be so is refused by saying a later revision here.
        """
        later = self.revision is not None and self.revision > REVISIONS[-1]
        return later and self.serves_from in REVISIONS

    @property
    def usable(self) -> bool:
        """This version can work with it."""
        return self.newer or self.revision == REVISIONS[-1]


async def schema_of(connection: AsyncConnection) -> Schema:
    """Return what the database says."""
    return await connection.run_sync(_schema_of)


def _schema_of(connection: Connection) -> Schema:
    tables = inspect(connection)
    if not tables.has_table(_VERSIONS.name):
        return Schema(None)
    revision = connection.execute(select(_VERSIONS.c.version_num)).scalar()
    if not tables.has_table(_INSTANCE.name):
        return Schema(revision)
    if "serves_from" not in {found["name"] for found in tables.get_columns(_INSTANCE.name)}:
        return Schema(revision)
    return Schema(revision, connection.execute(select(_INSTANCE.c.serves_from)).scalar())


def judge_revision(schema: Schema) -> None:
    """Refuse a database that this version cannot work with.

    Raises:
        StoreUnproven: older, newer and changed too much, or not ours.

    """
    judge_origin(schema)
    if not schema.usable:
        message = f"the database's schema is older than this version: {schema.revision}"
        raise StoreUnproven(message, UP)


def judge_origin(schema: Schema) -> None:
    """Refuse a database of which this version knows neither the revision nor that it can serve.

    Raises:
        StoreUnproven: newer and changed too much, or not ours.

    """
    if schema.revision is None:
        raise StoreUnproven("the database holds another program's tables")
    if schema.revision not in REVISIONS and not schema.newer:
        needs = f" and serves versions from {schema.serves_from} on" if schema.serves_from else ""
        raise StoreUnproven(
            f"the database's schema is of another version: {schema.revision}{needs}",
            "run that version, or go back with its `sidecar migrate down`",
        )
