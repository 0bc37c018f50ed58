"""Where plugins and templates lie."""

import os
import subprocess
import sys
from pathlib import Path

from sidecar.bundled import PLUGINS, TEMPLATES, import_plugin, plugin_names

ROOT = Path(__file__).parents[2]


def test_a_checkout_uses_its_own_folders() -> None:
    """The folders show that they are those of this checkout, with what they must hold."""
    assert (ROOT / "plugins", ROOT / "templates") == (PLUGINS, TEMPLATES)
    assert {"totp", "backup_codes"} <= set(plugin_names("factors"))
    assert "__init__" not in plugin_names("factors")
    assert plugin_names("nothing") == ()


def test_a_plugin_may_be_a_folder() -> None:
    """A plugin of several files shows that it has one name, and its parts have none."""
    names = plugin_names("factors")
    assert "webauthn" in names
    assert [name for name in names if name.startswith("_") or "." in name] == []
    module = import_plugin("factors", "webauthn")
    assert module.__file__ == str(ROOT / "plugins" / "factors" / "webauthn" / "__init__.py")
    inside = [name for name in sys.modules if name.startswith("sidecar.plugins.factors.webauthn._")]
    assert "sidecar.plugins.factors.webauthn._rules" in inside


def test_plugins_are_modules_of_ours() -> None:
    """A bundled plugin shows the name and the file it is known by."""
    module = import_plugin("factors", "totp")
    assert module.__name__ == "sidecar.plugins.factors.totp"
    assert module.__file__ == str(ROOT / "plugins" / "factors" / "totp.py")
    assert import_plugin("factors", "totp") is module


def test_a_hostile_folder_in_the_working_directory_is_never_imported(tmp_path: Path) -> None:
    """A working directory with plugins and templates of its own shows that they stay unread.

    THREATS: whoever can write where the sidecar is started must not become part of it.
    """
    for role in ("factors", "identity"):
        folder = tmp_path / "plugins" / role
        folder.mkdir(parents=True)
        for name in ("__init__", "totp", "upstream_session", "../__init__", "evil"):
            (folder / f"{name}.py").write_text("open('was_here', 'w').close()\n")
        (folder / "webauthn").mkdir()
        for name in ("__init__", "_rules"):
            (folder / "webauthn" / f"{name}.py").write_text("open('was_here', 'w').close()\n")
    (tmp_path / "templates").mkdir()
    script = (
        "from sidecar import bundled, loader\n"
        "print(loader.resolve(loader.Role.FACTORS, 'totp').build.__module__)\n"
        "print(bundled.import_plugin('factors', 'totp').__file__)\n"
        "print(bundled.import_plugin('factors', 'webauthn').check_place.__code__.co_filename)\n"
        "print(bundled.TEMPLATES)\n"
        "print('evil' in bundled.plugin_names('factors'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "sidecar.plugins.factors.totp",
        str(ROOT / "plugins" / "factors" / "totp.py"),
        str(ROOT / "plugins" / "factors" / "webauthn" / "_place.py"),
        str(ROOT / "templates"),
        "False",
    ]
    assert not (tmp_path / "was_here").exists()
