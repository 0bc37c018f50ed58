"""`sidecar plugins`."""

import json
from pathlib import Path

import pytest

from sidecar.bundled import plugin_names
from sidecar.cli.plugins import table
from sidecar.conformance.devices import BUNDLED
from sidecar.conformance.suite import CHECKS
from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parents[3]
HERE = "tests.conformance.declared"
PAD = f"{HERE}:PLUGIN"


def test_the_list_has_what_is_declared_and_what_could_be(run: Run) -> None:
    """The sample shows its plugins with instance and traits, and the bundled ones it leaves out."""
    done = run("plugins", "list", "-c", str(ROOT / "config" / "minimal.yaml"))
    lines = [line.split() for line in done.output.splitlines()]
    assert done.exit_code == 0
    assert lines[0] == ["role", "plugin", "instance", "from", "traits"]
    assert ["factors", "totp", "totp", "bundled", "two_factor", "possession"] in lines
    assert ["identity", "upstream_session", "app_login", "bundled", "realm=app_login"] in lines
    assert ["factors", "sms", "-", "bundled"] in lines


def test_the_list_is_data_for_programs(run: Run, tmp_path: Path) -> None:
    """A plugin from elsewhere shows its file; the same list in JSON has the same fields."""
    sample = (ROOT / "config" / "minimal.yaml").read_text(encoding="utf-8")
    path = tmp_path / "sidecar.yaml"
    path.write_text(sample.replace("totp: {issuer: Example}", f"pad: {{plugin: '{PAD}'}}"))
    done = run("plugins", "list", "-c", str(path), "--json")
    (row,) = (row for row in json.loads(done.output) if row["instance"] == "pad")
    assert row == {
        "role": "factors",
        "plugin": HERE,
        "instance": "pad",
        "origin": str(ROOT / "tests" / "conformance" / "declared.py"),
        "traits": ["two_factor", "possession"],
    }


def test_without_a_configuration_the_bundled_are_listed(run: Run, tmp_path: Path) -> None:
    """A folder without sidecar.yaml shows what there is to declare."""
    done = run("plugins", "list", "-c", str(tmp_path / "sidecar.yaml"), "--json")
    assert {row["origin"] for row in json.loads(done.output)} == {"bundled"}


def test_channels_are_among_the_traits(run: Run, tmp_path: Path) -> None:
    """A configuration with messages shows by which channel each plugin sends."""
    sample = (ROOT / "config" / "minimal.yaml").read_text(encoding="utf-8")
    path = tmp_path / "sidecar.yaml"
    mail = "transports: {out: {plugin: console}}\n"
    path.write_text(
        mail + sample.replace("totp: {issuer", "email: {transport: out}, totp: {issuer")
    )
    done = run("plugins", "list", "-c", str(path), "--json")
    channels = {
        (row["role"], word)
        for row in json.loads(done.output)
        for word in row["traits"]
        if word.startswith("channel=")
    }
    assert {("factors", "channel=email"), ("transports", "channel=email")} <= channels


def test_a_sound_plugin_passes(run: Run) -> None:
    """A plugin whose module says what answers it shows every promise kept, and status 0."""
    done = run("plugins", "test", PAD)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == f"{PAD}: {len(CHECKS)} kept, 0 broken, 0 not tried"


def test_a_defect_is_told_with_what_to_do(run: Run) -> None:
    """A plugin with a defect shows status 1, the promise, what it did and what to do."""
    named = ("--device", f"{HERE}:BY_HAND")
    done = run("plugins", "test", f"{HERE}:DEFECTIVE", *named)
    assert done.exit_code == 1
    broken = [line.split()[1] for line in done.output.splitlines() if line.startswith("BROKEN")]
    assert broken == ["unusable"]
    assert "an authenticator was verified that is pending" in done.output
    assert "to do: skip authenticators that are not `usable`" in done.output


def test_findings_are_data_for_programs(run: Run, tmp_path: Path) -> None:
    """The same in JSON shows one finding for each check; options are read from a file."""
    options = tmp_path / "options.yaml"
    options.write_text("length: 12\n")
    done = run("plugins", "test", PAD, "--json", "--options", str(options))
    found = json.loads(done.output)
    assert [finding["check"] for finding in found] == [check.__name__ for check in CHECKS]
    assert {finding["broken"] for finding in found} == {None}


@pytest.mark.parametrize("name", ["totp", "sms", "email", "webauthn"])
def test_bundled_factors_can_be_tried_by_name(run: Run, name: str) -> None:
    """A factor of ours shows that it is tried without being told how."""
    done = run("plugins", "test", name)
    assert done.exit_code == 0, done.output


def test_every_bundled_factor_has_its_device() -> None:
    """The bundled factors show that each can be tried."""
    assert set(BUNDLED) == set(plugin_names("factors"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody_has_this",), "there is no bundled factors plugin 'nobody_has_this'"),
        (("gone_module:PLUGIN",), "module 'gone_module' does not import"),
        ((f"{HERE}:HALF",), "builds no factor"),
        ((f"{HERE}:UNBUILT",), "cannot be built: ValueError: cannot be 12 long"),
        (("tests.unit.cli.deviceless:PLUGIN",), "nothing is there that answers"),
        ((PAD, "--device", f"{HERE}:NO_DEVICE"), "nothing is there that answers"),
        ((PAD, "--device", "gone_module:X"), "module 'gone_module' does not import"),
        ((PAD, "--options", "{gone}"), "cannot be read"),
        ((PAD, "--options", "{list}"), "a mapping is expected"),
        ((PAD, "--options", "{wrong}"), "options: lenght: unknown key 'lenght'"),
    ],
)
def test_what_cannot_be_tried_is_a_usage_error(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """A command that cannot be carried out shows status 2 and why."""
    (tmp_path / "list").write_text("- 1\n")
    (tmp_path / "wrong").write_text("lenght: 1\n")
    files = {name: str(tmp_path / name) for name in ("gone", "list", "wrong")}
    done = run("plugins", "test", *(argument.format(**files) for argument in arguments))
    assert done.exit_code == 2
    assert said in done.output


def test_a_factor_that_sends_messages_needs_no_device(run: Run, tmp_path: Path) -> None:
    """A foreign factor with a channel shows that its codes are read from the messages."""
    options = tmp_path / "options.yaml"
    options.write_text("transport: texts\n")
    reference = "tests.unit.cli.deviceless:TEXTS"
    done = run("plugins", "test", reference, "--options", str(options))
    assert done.exit_code == 0, done.output


def test_columns_stand_below_each_other() -> None:
    """Rows of different width show aligned columns without trailing blanks."""
    assert list(table(("a", "b"), [("long", "x"), ("s", "")])) == ["a     b", "long  x", "s"]
