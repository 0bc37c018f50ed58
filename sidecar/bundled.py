"""Where the bundled plugins and templates lie: inside the wheel, or beside it in a checkout."""

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    packed = _PACKAGE / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


PLUGINS: Final = _folder("plugins")
TEMPLATES: Final = _folder("templates")


def plugin_names(role: str) -> tuple[str, ...]:
    """Return the names of the bundled plugins of a role, each a file or a folder of some.

    Only file names are read.
    """
    folder = PLUGINS / role
    names = {path.stem for path in folder.glob("*.py")}
    names |= {path.parent.name for path in folder.glob("*/__init__.py")}
    return tuple(sorted(name for name in names if not name.startswith("_")))


def import_plugin(role: str, name: str) -> ModuleType:
    """Return the module `sidecar.plugins.<role>.<name>`.

    The parent package is bound to our own folder first, so that a `plugins` folder in the working
    directory or elsewhere on the path is never looked at.
    """
    if "sidecar.plugins" not in sys.modules:
        spec = ModuleSpec("sidecar.plugins", None, is_package=True)
        spec.submodule_search_locations = [str(PLUGINS)]
        sys.modules["sidecar.plugins"] = module_from_spec(spec)
    return importlib.import_module(f"sidecar.plugins.{role}.{name}")
