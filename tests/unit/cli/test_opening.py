"""The store that a command works on."""

import asyncio
from pathlib import Path

import pytest
import typer
import yaml

from sidecar.cli.opening import with_store
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import SqlStore
from sidecar.wiring import key_ring
from tests.world import KEY, settings_for


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    file = tmp_path / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", tmp_path, 0, {})))
    return load_settings(file, {"TEST_KEY": KEY}, utc_now())


def made(loaded: Loaded) -> None:
    database = loaded.settings.storage.database
    asyncio.run(migrate_up(database, key_ring(loaded), utc_now, create=True))


def test_a_command_gets_the_store_and_returns_what_it_found(loaded: Loaded) -> None:
    """Work on a store that is ours shows its result."""
    made(loaded)

    async def last(store: SqlStore) -> int:
        async with store.read() as tx:
            return await tx.feed.last()

    assert with_store(loaded, last) == 0


def test_a_store_that_cannot_be_used_ends_the_command(
    loaded: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that is not there shows 78, one that fails meanwhile 1, and both what is wrong."""

    async def failing(_store: SqlStore) -> None:
        raise StoreUnavailable("it went away")

    with pytest.raises(typer.Exit) as absent:
        with_store(loaded, failing)
    made(loaded)
    with pytest.raises(typer.Exit) as lost:
        with_store(loaded, failing)
    assert (absent.value.exit_code, lost.value.exit_code) == (78, 1)
    assert capsys.readouterr().err.endswith("storage.database: it went away\n")
