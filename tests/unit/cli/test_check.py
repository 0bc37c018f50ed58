"""`sidecar check`."""

import json
from pathlib import Path

import pytest
import yaml

from tests import redis
from tests.tools.ports import free_ports
from tests.unit.cli.conftest import Run, a_broken_plugin
from tests.unit.settings import build

ROOT = Path(__file__).parents[3]
SAMPLES = [ROOT / "sidecar.yaml", *sorted((ROOT / "config").glob("*.yaml"))]
MISTAKES = ROOT / "tests" / "unit" / "settings" / "twelve_mistakes.yaml"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_are_right(run: Run, path: Path) -> None:
    """The sample files show that they can be used as they are."""
    done = run("check", "--config", str(path), "--without-secrets")
    assert (done.exit_code, "warning" in done.output) == (0, False), done.output


def test_the_sample_at_the_top_works_with_its_key(run: Run, tmp_path: Path) -> None:
    """`sidecar.yaml` shows that it needs nothing but a key, and a database before it serves."""
    url = f"sqlite+aiosqlite:///{tmp_path}/sidecar.db"
    env = {"ENCRYPTION_KEY": build.ENV["KEY"], "DATABASE_URL": url}
    sample = ("-c", str(ROOT / "sidecar.yaml"))
    done = run("check", *sample, **env)
    assert (done.exit_code, list(tmp_path.iterdir())) == (0, []), done.output
    assert "ready to serve once the store is made; 6 rules" in done.output
    assert f"warning: storage.database: there is no database at {tmp_path}" in done.output
    assert run("migrate", "up", "--create", *sample, **env).exit_code == 0
    done = run("check", *sample, **env)
    assert (done.exit_code, "warning" in done.output) == (0, False), done.output
    assert "ready to serve; 6 rules" in done.output


def test_a_database_of_another_installation_is_a_fault(run: Run, tmp_path: Path) -> None:
    """A database that the keys do not open shows that `serve` would not start (promise 9)."""
    url = f"sqlite+aiosqlite:///{tmp_path}/sidecar.db"
    sample = ("-c", str(ROOT / "sidecar.yaml"))
    env = {"ENCRYPTION_KEY": build.ENV["KEY"], "DATABASE_URL": url}
    assert run("migrate", "up", "--create", *sample, **env).exit_code == 0
    other = run("keys", "generate", "--bare").output.strip()
    done = run("check", *sample, **{**env, "ENCRYPTION_KEY": other})
    assert done.exit_code == 78
    lines = (ROOT / "sidecar.yaml").read_text(encoding="utf-8").splitlines()
    (at,) = (at for at, line in enumerate(lines, 1) if line.startswith("  database: "))
    assert f"sidecar.yaml:{at}: storage.database: " in done.output


def test_the_program_itself_is_proved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that was never tested shows that it is found by `check` already."""
    monkeypatch.setattr("sidecar.proxy.parser_guard.faults", lambda: ("aiohttp is too old",))
    done = run("check", "-c", str(ROOT / "config" / "minimal.yaml"), "--without-secrets")
    assert (done.exit_code, "minimal.yaml:1: aiohttp is too old" in done.output) == (78, True)


def test_faults_end_with_the_status_of_a_wrong_configuration(run: Run) -> None:
    """A file with twelve mistakes shows twelve lines and status 78."""
    done = run("check", "--config", str(MISTAKES), KEY=build.ENV["KEY"])
    assert done.exit_code == 78
    assert len(done.output.splitlines()) == 12
    assert all(line.startswith(f"{MISTAKES}:") for line in done.output.splitlines())


def test_faults_are_data_for_programs(run: Run) -> None:
    """The same faults in JSON show file, line, path, message and hint."""
    done = run("check", "-c", str(MISTAKES), "--format", "json", KEY=build.ENV["KEY"])
    assert done.exit_code == 78
    faults = json.loads(done.output)
    assert len(faults) == 12
    assert faults[3] == {
        "file": str(MISTAKES),
        "line": 8,
        "path": "upstreams.shop.connect_timout",
        "message": "unknown key 'connect_timout'",
        "hint": "did you mean 'connect_timeout'?",
        "warning": False,
        "passing": False,
    }


def test_the_file_may_be_named_by_the_environment(run: Run) -> None:
    """`SIDECAR_CONFIG` shows that it chooses the file; a missing one is a fault."""
    done = run("check", SIDECAR_CONFIG="/nowhere/sidecar.yaml")
    assert (done.exit_code, done.output) == (
        78,
        (
            "/nowhere/sidecar.yaml:1: cannot be read: No such file or directory "
            "(name the configuration by --config, or SIDECAR_CONFIG)\n"
        ),
    )


def test_warnings_do_not_stop_anybody(run: Run, tmp_path: Path) -> None:
    """Open enrollment shows a warning and status 0, in JSON a list of one."""
    path = tmp_path / "open.yaml"
    text = (ROOT / "config" / "minimal.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("{first: invited}", "{first: open, until: 2999-12-31}"))
    done = run("check", "-c", str(path), "--without-secrets")
    assert done.exit_code == 0
    assert "warning: enrollment.first: until the end of 2999-12-31" in done.output
    told = json.loads(run("check", "-c", str(path), "--without-secrets", "--format", "json").output)
    assert [fault["warning"] for fault in told] == [True]


def test_what_a_server_must_bear_is_told(run: Run, tmp_path: Path) -> None:
    """Two replicas of three workers show how many connections their database may get in all."""
    path = tmp_path / "many.yaml"
    text = (ROOT / "config" / "minimal.yaml").read_text(encoding="utf-8")
    written = {"database": "postgresql://u:p@localhost/x", "pool": {"readers": 5, "writers": 2}}
    more = {"replicas": 2, "workers": 3, "storage": written}
    path.write_text(yaml.safe_dump(yaml.safe_load(text) | more))
    done = run("check", "-c", str(path), "--without-secrets")
    assert "PostgreSQL gets up to 42 connections: 2 replicas x 3 workers x 7;" in done.output


def test_redis_is_asked(run: Run, tmp_path: Path, redis_server: redis.Redis) -> None:
    """A Redis that answers shows no word; one that does not, or not to us, a warning."""

    def told(**words: object) -> str:
        section = {"address": f"127.0.0.1:{redis_server.port}", **words}
        file = tmp_path / "sidecar.yaml"
        database = {"database": f"sqlite+aiosqlite:///{tmp_path}/sidecar.db"}
        file.write_text(yaml.safe_dump({**build.RIGHT, "storage": database, "redis": section}))
        done = run("check", "-c", str(file), **build.ENV)
        assert done.exit_code == 0, done.output
        return "".join(line for line in done.output.splitlines() if "redis.address" in line)

    assert told() == ""
    assert "redis.address: cannot be used: Redis fails: Auth" in told(
        username="nobody", password="never-to-be-told"
    )
    (port,) = free_ports(1)
    assert "(ConnectionRefusedError)" in told(address=f"127.0.0.1:{port}")


def test_what_a_plugin_brought_is_proved(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template of a plugin with a fault shows file and line, and where the plugin is declared."""
    template = a_broken_plugin(tmp_path, "odd_checked")
    monkeypatch.syspath_prepend(str(tmp_path))
    sample = (ROOT / "config" / "minimal.yaml").read_text(encoding="utf-8")
    path = tmp_path / "sidecar.yaml"
    path.write_text(sample.replace("totp: {", "totp: {plugin: 'odd_checked:PLUGIN', "))
    done = run("check", "-c", str(path), "--without-secrets")
    assert done.exit_code == 78
    assert f"{path}:9: factors.totp: {template}:2: unexpected '}}'" in done.output
