"""`${NAME}`, `${NAME:-default}` and `file:` become the values they point at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sidecar.settings.faults import Finding, Where
from sidecar.settings.source import Data

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{")
FILE: Final = "file:"
MAX_FILE_BYTES: Final = 65536


class Missing(Exception):
    """A reference points at nothing; the text says which, never what, and `hint` what to do.

    `passing`: it may be there in a moment, with the configuration as it is.
    """

    def __init__(self, text: str, hint: str = "", *, passing: bool = False) -> None:
        super().__init__(text)
        self.hint = hint
        self.passing = passing


def read_file(path: str) -> str:
    """Return the text of a secret's file without its last line end.

    Raises:
        Missing: it cannot be read, or is no short UTF-8 text.

    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise Missing(f"file {path} cannot be read: {error.strerror}") from error
    if len(raw) > MAX_FILE_BYTES:
        raise Missing(f"file {path} has more than {MAX_FILE_BYTES} bytes")
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise Missing(f"file {path} is not UTF-8 text") from error


def expand(text: str, env: Mapping[str, str]) -> str:
    """Return the text with its references replaced; `$${` stands for a plain `${`.

    Raises:
        Missing: a variable without default is not set, a file cannot be read.

    """
    if text.startswith(FILE):
        return read_file(expand(text.removeprefix(FILE), env))
    return _REFERENCE.sub(lambda hit: _one(hit, env), text)


def _one(hit: re.Match[str], env: Mapping[str, str]) -> str:
    if hit[0] == "$${":
        return "${"
    name, default = hit[1], hit[2]
    if name is None:
        raise Missing("a reference is written ${NAME} or ${NAME:-default}")
    value = env.get(name) or default
    if value is None:
        raise Missing(f"environment variable {name} is {'empty' if name in env else 'not set'}")
    return value


@dataclass(slots=True)
class References:
    """Expands a whole file; a missing reference leaves an empty text and a finding behind."""

    env: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)

    def data(self, value: Data, where: Where = ()) -> Data:
        if isinstance(value, dict):
            return {name: self.data(item, (*where, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self.data(item, (*where, index)) for index, item in enumerate(value)]
        return self._text(value, where) if isinstance(value, str) else value

    def _text(self, value: str, where: Where) -> str:
        try:
            return expand(value, self.env)
        except Missing as missing:
            self.findings.append(Finding(where, str(missing)))
            return ""
