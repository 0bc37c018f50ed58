"""A plugin's name in sidecar.yaml becomes the plugin; nothing undeclared is imported."""

import importlib
import re
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pydantic import BaseModel

from sidecar.bundled import import_plugin, plugin_names
from sidecar.core.protocols import Plugin, Tools

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_REFERENCE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)

AnyPlugin = Plugin[Any, Any]
"""A plugin of a kind that only its own file knows."""


class Role(StrEnum):
    """What a plugin is for; the folder of the bundled ones and the section of sidecar.yaml."""

    FACTORS = "factors"
    IDENTITY = "identity"
    TRANSPORTS = "transports"


class PluginFault(Exception):
    """A reference names nothing usable; `hint` says what was probably meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def resolve(role: Role, reference: str) -> AnyPlugin:
    """Return the plugin of a reference: a bundled name, or `module:ATTRIBUTE`.

    Raises:
        PluginFault: there is none, it does not import, or it is no plugin.

    """
    if ":" not in reference:
        return _plugin(_bundled(role, reference), "PLUGIN", reference)
    if not _REFERENCE.fullmatch(reference):
        raise PluginFault(f"{reference!r} is no plugin reference", "write module:ATTRIBUTE")
    module, attribute = reference.split(":")
    return _plugin(_imported(module), attribute, reference)


def build(plugin: AnyPlugin, options: BaseModel, tools: Tools) -> object:
    """Return the plugin, made from its validated options and what the caller lends it."""
    made: object = plugin.build(options, tools)
    return made


def _bundled(role: Role, name: str) -> ModuleType:
    names = plugin_names(role.value)
    if name not in names or not _NAME.fullmatch(name):
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else "there is " + ", ".join(names)
        raise PluginFault(f"there is no bundled {role.value} plugin {name!r}", hint)
    try:
        return import_plugin(role.value, name)
    except ImportError as error:
        raise PluginFault(f"plugin {name!r} does not import: {error}") from error


def _imported(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        # Foreign code may raise anything while it is imported; all of it is the operator's fault
        # to mend, reported together with the others.
        raise PluginFault(f"module {module!r} does not import: {_told(error)}") from error


def _plugin(module: ModuleType, attribute: str, reference: str) -> AnyPlugin:
    found = getattr(module, attribute, None)
    if not isinstance(found, Plugin):
        raise PluginFault(f"{reference!r} has no {attribute} that is a Plugin")
    options: object = found.options
    if not (isinstance(options, type) and issubclass(options, BaseModel)):
        raise PluginFault(f"the options of {reference!r} are no pydantic model")
    if options.model_config.get("extra") != "forbid":
        raise PluginFault(f"the options of {reference!r} do not refuse unknown keys")
    if not isinstance(found.files, Path | None):
        raise PluginFault(f"the files of {reference!r} are no Path")
    return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
