"""Moves a store to the schema of a version that is not there yet, and back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.config import Config

from sidecar.storage import schema
from sidecar.storage.database import database

NEWER = "0005"
_TO_COME = Path(__file__).with_name("newer")


@contextmanager
def of_the_newer_version() -> Iterator[None]:
    """Migrations are those of the version to come, for the length of the block."""
    ours, plain = Path(schema.__file__).with_name("migrations"), schema._config

    def config() -> Config:
        both = plain()
        both.set_main_option("version_locations", f"{ours / 'versions'}{os.pathsep}{_TO_COME}")
        return both

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_config", config)
        yield


async def renew(url: str) -> None:
    """The store has the schema of the version to come."""
    with of_the_newer_version():
        async with database(url).migrating() as connection:
            await schema.upgrade(connection)


async def renew_back(url: str) -> None:
    """The version to come took back what it added."""
    with of_the_newer_version():
        async with database(url).migrating() as connection:
            await schema.downgrade(connection, "-1")
