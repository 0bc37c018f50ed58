"""Creating a database and moving its schema, from the command line."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import yaml

from sidecar.storage.revisions import REVISIONS
from tests.newer_schema import renew
from tests.postgres import PASSWORD, Server
from tests.unit.cli.conftest import Run
from tests.unit.settings.build import ENV, RIGHT


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration whose database is not there yet."""
    database = {"database": f"sqlite+aiosqlite:///{tmp_path}/data/sidecar.db"}
    path = tmp_path / "sidecar.yaml"
    path.write_text(yaml.safe_dump({**RIGHT, "storage": database}), encoding="utf-8")
    return str(path)


def test_up_makes_a_database_only_when_asked(run: Run, config: str, tmp_path: Path) -> None:
    """Without `--create` the exit status is 78 and the hint shows how; with it, all is well."""
    refused = run("migrate", "up", "--config", config, **ENV)
    assert refused.exit_code == 78
    assert "sidecar migrate up --create" in refused.output
    assert not (tmp_path / "data").exists()
    made = run("migrate", "up", "--create", "--config", config, **ENV)
    assert (made.exit_code, "this version's" in made.output) == (0, True)
    again = run("migrate", "up", "--config", config, **ENV)
    assert again.exit_code == 0


def test_status_tells_whether_this_version_can_work(run: Run, config: str) -> None:
    """A missing, a current and a lowered schema show status 78, 0 and 78."""
    assert run("migrate", "status", "--config", config, **ENV).exit_code == 78
    run("migrate", "up", "--create", "--config", config, **ENV)
    assert run("migrate", "status", "--config", config, **ENV).exit_code == 0
    emptied = run("migrate", "down", "--to", "base", "--yes", "--config", config, **ENV)
    assert emptied.exit_code == 0
    lowered = run("migrate", "status", "--config", config, **ENV)
    assert lowered.exit_code == 78
    assert "revision none (this version needs 0004: sidecar migrate up" in lowered.output


def test_a_newer_schema_is_told_to_be(run: Run, config: str, tmp_path: Path) -> None:
    """A schema that a version to come moved shows that this one can work with it, and that there is
    nothing to do; only the newer one's command goes back.
    """
    run("migrate", "up", "--create", "--config", config, **ENV)
    asyncio.run(renew(f"sqlite+aiosqlite:///{tmp_path}/data/sidecar.db"))
    newer = "revision 0005 (newer than this version's 0004, which can work with it)"
    for command in ("status", "up"):
        told = run("migrate", command, "--config", config, **ENV)
        assert (told.exit_code, newer in told.output) == (0, True)
    refused = run("migrate", "down", "--yes", "--config", config, **ENV)
    assert refused.exit_code == 78
    assert "only that version's `sidecar migrate down` knows the way" in refused.output


def test_down_asks_first(run: Run, config: str, tmp_path: Path) -> None:
    """Without `--yes` and without an answer nothing shows as lost."""
    run("migrate", "up", "--create", "--config", config, **ENV)
    assert run("migrate", "down", "--to", "base", "--config", config, **ENV).exit_code == 1
    connection = sqlite3.connect(tmp_path / "data" / "sidecar.db")
    assert connection.execute("SELECT count(*) FROM instance").fetchone() == (1,)
    connection.close()


def test_one_step_down_never_empties_the_store(run: Run, config: str, tmp_path: Path) -> None:
    """A step below the first revision: shows that only `--to base` takes everything."""
    run("migrate", "up", "--create", "--config", config, **ENV)
    for _ in REVISIONS[1:]:
        assert run("migrate", "down", "--yes", "--config", config, **ENV).exit_code == 0
    refused = run("migrate", "down", "--yes", "--config", config, **ENV)
    assert refused.exit_code == 1
    assert "--to base" in refused.output
    connection = sqlite3.connect(tmp_path / "data" / "sidecar.db")
    assert connection.execute("SELECT count(*) FROM instance").fetchone() == (1,)
    connection.close()


def test_a_database_of_a_server(run: Run, config: str, postgres: Server) -> None:
    """On PostgreSQL: `check` tells that the tables are missing, `--create` makes them, `check` is
    content, down asks; and no command shows the password.
    """
    asyncio.run(postgres.execute("CREATE DATABASE commanded TEMPLATE template0"))
    url = postgres.url("commanded")
    path = Path(config)
    path.write_text(yaml.safe_dump({**RIGHT, "storage": {"database": url}}), encoding="utf-8")
    place = f"the database commanded at 127.0.0.1:{postgres.port}"
    told = [
        run(*command.split(), "--config", config, **ENV)
        for command in (
            *("check", "migrate up", "migrate up --create", "check", "migrate down"),
            *("migrate down --to base --yes", "migrate status"),
        )
    ]
    assert [done.exit_code for done in told] == [0, 78, 0, 0, 1, 0, 78]
    assert f"warning: storage.database: {place} is empty (sidecar migrate up" in told[0].output
    assert "warning" not in told[3].output
    assert f"Move the schema of {place} down to -1?" in told[4].output
    assert not any(PASSWORD in done.output for done in told)


def test_a_server_that_does_not_answer(run: Run, config: str) -> None:
    """Nobody listening shows status 1 of `check`, as of `serve`, and the reason."""
    url = f"postgresql+asyncpg://sidecar:{PASSWORD}@127.0.0.1:1/x"
    path = Path(config)
    path.write_text(yaml.safe_dump({**RIGHT, "storage": {"database": url}}), encoding="utf-8")
    done = run("check", "--config", config, **ENV)
    assert done.exit_code == 1
    assert "the database x at 127.0.0.1:1 cannot be read: ConnectionRefusedError" in done.output
    assert PASSWORD not in done.output
