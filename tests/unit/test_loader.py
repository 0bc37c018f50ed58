"""Names of plugins become plugins."""

import sys
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from pydantic import BaseModel, ConfigDict

from sidecar.bundled import plugin_names
from sidecar.core.protocols import Plugin
from sidecar.loader import PluginFault, Role, resolve

BUNDLED = "there is " + ", ".join(plugin_names("factors"))


class Closed(BaseModel):
    """Options that refuse unknown keys."""

    model_config = ConfigDict(extra="forbid")


class Open(BaseModel):
    """Options that do not."""


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("acme.push")
    content = {
        "PLUGIN": Plugin(Closed, lambda options, tools: (options, tools)),
        "TEXT": Plugin(Closed, lambda options, tools: (options, tools), cast("Path", "files")),
        "OPEN": Plugin(Open, lambda options, tools: (options, tools)),
        "ODD": Plugin(dict, lambda options, tools: (options, tools)),
        "WORD": "plugin",
    }
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, "acme", ModuleType("acme"))
    monkeypatch.setitem(sys.modules, "acme.push", module)


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.FACTORS, "totp"),
        (Role.FACTORS, "backup_codes"),
        (Role.IDENTITY, "upstream_session"),
        (Role.IDENTITY, "forwarded_header"),
    ],
)
def test_bundled_plugins_are_found_by_name(role: Role, name: str) -> None:
    """Every plugin that ships shows that its name suffices and that its options are closed."""
    assert resolve(role, name).options.model_config["extra"] == "forbid"


@pytest.mark.usefixtures("acme")
def test_any_module_may_hold_a_plugin() -> None:
    """A module with an attribute shows that it is found by reference."""
    assert resolve(Role.FACTORS, "acme.push:PLUGIN").options is Closed


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("reference", "said", "hint"),
    [
        ("topt", "there is no bundled factors plugin 'topt'", "did you mean 'totp'?"),
        ("zzz", "there is no bundled factors plugin 'zzz'", BUNDLED),
        ("", "there is no bundled factors plugin ''", BUNDLED),
        ("upstream_session", "there is no bundled factors plugin 'upstream_session'", None),
        ("../identity/upstream_session", "there is no bundled factors plugin", None),
        ("__init__", "there is no bundled factors plugin '__init__'", None),
        ("acme.push:", "'acme.push:' is no plugin reference", "write module:ATTRIBUTE"),
        ("acme.push:PLUGIN:X", "is no plugin reference", "write module:ATTRIBUTE"),
        ("os;x:PLUGIN", "is no plugin reference", "write module:ATTRIBUTE"),
        ("..acme:PLUGIN", "is no plugin reference", "write module:ATTRIBUTE"),
        ("acme.pull:PLUGIN", "module 'acme.pull' does not import: ModuleNotFoundError", ""),
        ("acme.push:MISSING", "'acme.push:MISSING' has no MISSING that is a Plugin", ""),
        ("acme.push:WORD", "'acme.push:WORD' has no WORD that is a Plugin", ""),
        ("acme.push:ODD", "the options of 'acme.push:ODD' are no pydantic model", ""),
        ("acme.push:TEXT", "the files of 'acme.push:TEXT' are no Path", ""),
        ("acme.push:OPEN", "the options of 'acme.push:OPEN' do not refuse unknown keys", ""),
    ],
)
def test_what_is_no_plugin_is_told(reference: str, said: str, hint: str | None) -> None:
    """References that lead nowhere, or to something else, show what is wrong with them."""
    with pytest.raises(PluginFault) as caught:
        resolve(Role.FACTORS, reference)
    assert said in caught.value.message
    assert hint is None or caught.value.hint == hint


def test_a_module_that_breaks_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module that raises while it is imported shows that it is told like a missing one."""
    (tmp_path / "breaks.py").write_text("raise LookupError\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginFault, match="module 'breaks' does not import: LookupError"):
        resolve(Role.FACTORS, "breaks:PLUGIN")
