"""The schema's revisions, moved by Alembic on a connection of ours."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection


async def upgrade(connection: AsyncConnection) -> None:
    """The schema is the newest, in the transaction of the connection."""
    await connection.run_sync(_run(lambda config: command.upgrade(config, "head")))


async def downgrade(connection: AsyncConnection, target: str) -> None:
    """The schema is that of the target: a revision, `-1` for one step, or `base` for nothing."""
    await connection.run_sync(_run(lambda config: command.downgrade(config, target)))


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
