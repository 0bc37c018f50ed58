"""The store looked into, copied and declared restored, from the command line."""

import json
import sqlite3
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.conftest import Run
from tests.unit.settings.build import ENV, RIGHT


@pytest.fixture
def config(run: Run, tmp_path: Path) -> str:
    """A configuration with a new store."""
    database = {"database": f"sqlite+aiosqlite:///{tmp_path}/sidecar.db"}
    path = tmp_path / "sidecar.yaml"
    path.write_text(yaml.safe_dump({**RIGHT, "storage": database}), encoding="utf-8")
    assert run("migrate", "up", "--create", "--config", str(path), **ENV).exit_code == 0
    return str(path)


def execute(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "sidecar.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_sound_store_is_told_to_be(run: Run, config: str) -> None:
    """A new store shows nothing wrong and status 0, for people and for programs."""
    told = run("db", "check", "--config", config, **ENV)
    assert (told.exit_code, "nothing is wrong: 0 sealed rows" in told.output) == (0, True)
    as_json = run("db", "check", "--json", "--config", config, **ENV)
    assert json.loads(as_json.output) == {
        "sound": True,
        "rows": 0,
        "audit_events": 0,
        "findings": [],
    }


def test_what_is_wrong_is_told_with_a_way_on(run: Run, config: str, tmp_path: Path) -> None:
    """A missing index shows status 1, what it means and what to do, for people and for programs."""
    execute(tmp_path, "DROP INDEX ix_sessions_expires_at")
    told = run("db", "check", "--config", config, **ENV)
    assert told.exit_code == 1
    assert "schema: sessions.ix_sessions_expires_at (1): is missing" in told.output
    assert "  means: the tables are not those" in told.output
    assert "  do: undo what was changed by hand" in told.output
    as_json = run("db", "check", "--json", "--config", config, **ENV)
    assert as_json.exit_code == 1
    (finding,) = json.loads(as_json.output)["findings"]
    assert (finding["kind"], finding["where"]) == ("schema", "sessions.ix_sessions_expires_at")
    assert {"means", "do", "rows", "number", "said"} < finding.keys()


def test_a_store_that_proves_nothing_is_not_looked_into(
    run: Run, config: str, tmp_path: Path
) -> None:
    """A store without its instance shows status 78, whatever is asked."""
    execute(tmp_path, "DELETE FROM instance")
    for command in (("check",), ("backup", str(tmp_path / "copy.db")), ("restored", "--yes")):
        assert run("db", *command, "--config", config, **ENV).exit_code == 78
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_is_made_once(run: Run, config: str, tmp_path: Path) -> None:
    """A copy shows its size; a second one under its name shows a refusal."""
    target = tmp_path / "copy.db"
    done = run("db", "backup", str(target), "--config", config, **ENV)
    assert done.exit_code == 0
    assert f"{target.stat().st_size:,} bytes, opened with the keys, and sound" in done.output
    again = run("db", "backup", str(target), "--config", config, **ENV)
    assert (again.exit_code, "File exists" in again.output) == (1, True)


def test_a_server_makes_its_own(run: Run, tmp_path: Path) -> None:
    """For PostgreSQL the command shows the line that makes a backup, without the password."""
    url = "postgresql+asyncpg://ada:secret@127.0.0.1/sidecar"
    path = tmp_path / "server.yaml"
    path.write_text(yaml.safe_dump({**RIGHT, "storage": {"database": url}}), encoding="utf-8")
    told = run("db", "backup", "copy.dump", "--config", str(path), **ENV)
    assert told.exit_code == 1
    line = 'pg_dump --format=custom --file=copy.dump "postgresql://ada@127.0.0.1/sidecar"'
    assert line in told.output
    assert "secret" not in told.output


def test_a_restore_is_declared_on_purpose(run: Run, config: str, tmp_path: Path) -> None:
    """Without an answer nothing shows changed; with it, what is void, what cannot be known, and
    which tokens open something.
    """
    scope = ("--scope", "status:read", "--name", "shop")
    assert run("tokens", "create", *scope, "--config", config, **ENV).exit_code == 0
    assert run("db", "restored", "--config", config, **ENV).exit_code == 1
    connection = sqlite3.connect(tmp_path / "sidecar.db")
    assert connection.execute("SELECT count(*) FROM revocations").fetchone() == (0,)
    connection.close()
    done = run("db", "restored", "--yes", "--config", config, **ENV)
    assert done.exit_code == 0
    assert "cannot be known" in done.output
    assert "(shop)" in done.output
    as_json = run("db", "restored", "--yes", "--revoke-tokens", "--json", "--config", config, **ENV)
    told = json.loads(as_json.output)
    assert (told["void"]["api_tokens"], told["live_tokens"]) == (1, [])
