"""The schema's revisions, moved by Alembic on a connection of ours."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage.faults import StoreUnproven

UP = "sidecar migrate up"


def head() -> str:
    """Return the revision this version of the sidecar works with."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise RuntimeError("the package holds no migrations")
    return found


def first() -> str:
    """Return the revision below which there is only an empty store."""
    bases = ScriptDirectory.from_config(_config()).get_bases()
    return bases[0]


async def revision(connection: AsyncConnection) -> str | None:
    """Return the revision the database says it has; None: it was never migrated by us."""
    return await connection.run_sync(
        lambda sync: MigrationContext.configure(sync).get_current_revision()
    )


async def upgrade(connection: AsyncConnection) -> None:
    """The schema is the newest, in the transaction of the connection."""
    await connection.run_sync(_run(lambda config: command.upgrade(config, "head")))


async def downgrade(connection: AsyncConnection, target: str) -> None:
    """The schema is that of the target: a revision, `-1` for one step, or `base` for nothing."""
    await connection.run_sync(_run(lambda config: command.downgrade(config, target)))


def judge_revision(found: str | None) -> None:
    """Refuse a database of any other revision than the newest.

    Raises:
        StoreUnproven: older, newer, or not ours.

    """
    judge_origin(found)
    if found != head():
        raise StoreUnproven(f"the database's schema is older than this version: {found}", UP)


def judge_origin(found: str | None) -> None:
    """Refuse a database of a revision that this version never heard of.

    Raises:
        StoreUnproven: newer, or not ours.

    """
    if found is None:
        raise StoreUnproven("the database holds another program's tables")
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found not in known:
        raise StoreUnproven(
            f"the database's schema is of another version: {found}",
            "run that version, or go back with its `sidecar migrate down`",
        )


def _run(act: Callable[[Config], None]) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        act(config)

    return run


def _config() -> Config:
    config = Config()
    scripts = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
