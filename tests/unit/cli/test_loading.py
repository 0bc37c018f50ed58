"""Reading sidecar.yaml for a command."""

from pathlib import Path

import pytest
import typer

from sidecar.cli.loading import Format, load, refused
from sidecar.core.errors import StoreUnavailable
from sidecar.storage.faults import StoreUnproven
from tests.tools.ports import refusing
from tests.unit.settings import build


def test_a_good_file_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A command that needs the settings shows that it gets them, secrets from the environment."""
    path = tmp_path / "sidecar.yaml"
    path.write_text((Path(__file__).parents[3] / "config" / "minimal.yaml").read_text())
    monkeypatch.setenv("ENCRYPTION_KEY", build.ENV["KEY"])
    assert [key.id for key in load(path).keys] == ["k1"]


def test_a_wrong_file_ends_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command with a wrong file shows all faults on standard error and ends with 78."""
    path = tmp_path / "sidecar.yaml"
    path.write_text("public: nowhere\n")
    with pytest.raises(typer.Exit) as ended:
        load(path)
    assert ended.value.exit_code == 78
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{path}:1: public[0]: an origin is written" in told.err
    with pytest.raises(typer.Exit):
        load(path, Format.JSON)
    assert capsys.readouterr().err == ""


def test_only_what_may_pass_is_worth_another_start(capsys: pytest.CaptureFixture[str]) -> None:
    """A store that is not ours shows 78 and what cures it, a server that is silent shows 1."""
    assert refused(StoreUnproven("foreign", "use the `keys:`")).exit_code == 78
    assert refused(StoreUnavailable("silent")).exit_code == 1
    told = "storage.database: foreign\n  try: use the `keys:`\nstorage.database: silent\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(("beside", "status"), [("", 1), ("insecure_http: 5\n", 78)])
def test_a_place_of_keys_that_is_silent_is_worth_another_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, beside: str, status: int
) -> None:
    """A Vault that cannot be reached shows 1, as nothing has to be mended; beside a fault, 78."""
    monkeypatch.setenv("ENCRYPTION_KEY", build.ENV["KEY"])
    minimal = (Path(__file__).parents[3] / "config" / "minimal.yaml").read_text()
    path = tmp_path / "sidecar.yaml"
    with refusing() as port:
        place = f"address: 'http://127.0.0.1:{port}', path: a, field: b, auth: {{token: x}}"
        source = f"from: {{vault: {{{place}}}}}"
        path.write_text(minimal.replace("from: {env: ENCRYPTION_KEY}", source) + beside)
        with pytest.raises(typer.Exit) as ended:
            load(path)
    assert ended.value.exit_code == status
