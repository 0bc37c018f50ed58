"""`sidecar replicas`."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from sidecar.clock import utc_now
from sidecar.core.replicas import Replica
from sidecar.core.stores import APART
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.unit.cli.conftest import Run
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, settings_for

ONE = Replica("one-of-two", "pod-a:7", "1.0", ("k1",), 0)
TWO = Replica("two-of-two", "pod-b:7", "1.1", ("k2", "k1"), 0)
Replicas = Callable[..., Result]


@pytest.fixture
def file() -> Iterator[Path]:
    with quick_folder() as folder:
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, {})))
        yield file


@pytest.fixture
def replicas(run: Run, file: Path) -> Replicas:
    loaded = load_settings(file, {"TEST_KEY": KEY}, utc_now())
    database = loaded.settings.storage.database
    asyncio.run(migrate_up(database, key_ring(loaded), utc_now, create=True))

    def listed(*words: str, beat: tuple[Replica, ...] = ()) -> Result:
        async def beats() -> None:
            store = await open_store(database, key_ring(loaded), utc_now)
            async with store.begin(APART) as tx:
                for one in beat:
                    await tx.replicas.beat(one)
                await tx.feed.tell("[]", utc_now())
            await store.close()

        asyncio.run(beats())
        return run("replicas", *words, "--config", str(file), TEST_KEY=KEY)

    return listed


def test_each_process_is_listed(replicas: Replicas) -> None:
    """Processes show place, version, keys and how many rows they have yet to read."""
    done = replicas(beat=(ONE,))
    head, row = done.stdout.splitlines()
    assert head.split() == ["ID", "STATE", "PLACE", "VERSION", "STARTED", "BEAT", "BEHIND", "KEYS"]
    assert row.split()[:4] == ["one-of-t", "live", "pod-a:7", "1.0"]
    assert row.split()[-2:] == ["1", "k1"]
    (told,) = json.loads(replicas("--json").stdout)
    assert (told["id"], told["live"], told["behind"]) == ("one-of-two", True, 2)
    assert done.exit_code == 0


def test_processes_with_different_keys_are_told(replicas: Replicas) -> None:
    """Two rings show a line that says so, and status 1."""
    done = replicas(beat=(ONE, TWO))
    assert done.exit_code == 1
    assert "different keys" in done.stderr
    assert [one["keys"] for one in json.loads(replicas("--json").stdout)] == [["k1"], ["k2", "k1"]]


def test_nobody_there_is_told(replicas: Replicas) -> None:
    """An installation of one replica shows no row, and why."""
    done = replicas()
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 1
    assert "replicas: 1" in done.stderr


def test_a_store_that_cannot_be_used_is_told(run: Run, file: Path) -> None:
    """A database that is not there shows the fault, and status 78."""
    done = run("replicas", "--config", str(file), TEST_KEY=KEY)
    assert done.exit_code == 78
    assert "storage.database" in done.stderr
