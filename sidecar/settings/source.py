"""YAML text becomes plain data and the line of every value, strictly where YAML 1.1 is not."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

from sidecar.settings.faults import Finding, Places, Where

Data = str | int | float | bool | None | list["Data"] | dict[str, "Data"]

MAX_BYTES: Final = 1024 * 1024
MAX_VALUES: Final = 20_000
"""Aliases count each time they are used, so that a small file cannot expand without end."""
MAX_DEPTH: Final = 40


class _Strict(yaml.SafeLoader):
    """Resolves nothing by itself: YAML 1.1 reads `off` as false, `1:30` as 90, days as dates."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own name and type


_TAGS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FRACTION: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_WORDS: Final[Mapping[str, Data]] = MappingProxyType(
    {"true": True, "false": False, "null": None, "~": None, "": None}
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read."""

    data: Data
    places: Places
    findings: tuple[Finding, ...] = ()


def read_source(path: Path) -> Source:
    """Return the data of a file; what cannot be read at all is a finding and no data."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        hint = "name the configuration by --config, or SIDECAR_CONFIG"
        return _unread(path, f"cannot be read: {error.strerror}", hint)
    if len(raw) > MAX_BYTES:
        return _unread(path, f"has more than {MAX_BYTES} bytes")
    try:
        return read_text(raw.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        return _unread(path, f"is not UTF-8 at byte {error.start}")


def read_text(text: str, file: str) -> Source:
    """Return the data of a YAML text."""
    try:
        root = yaml.compose(text, Loader=_Strict)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        wrong = Finding((), f"not YAML: {said}", line=mark.line + 1 if mark else 1)
        return Source(None, Places(file, {}), (wrong,))
    except (yaml.YAMLError, RecursionError) as error:
        return _unread(Path(file), f"not YAML: {type(error).__name__}")
    if root is None:
        return _unread(Path(file), "is empty")
    reader = _Reader()
    data = reader.value(root, ())
    return Source(data, Places(file, reader.lines), tuple(reader.findings))


def _unread(path: Path, message: str, hint: str = "") -> Source:
    return Source(None, Places(str(path), {}), (Finding((), message, hint),))


@dataclass(slots=True)
class _Reader:
    """Walks the composed nodes of one file."""

    lines: dict[Where, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def value(self, node: yaml.Node, where: Where) -> Data:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if len(self.lines) > MAX_VALUES or len(where) > MAX_DEPTH:
            self._too_much(where)
            return None
        if node.tag not in _TAGS:
            self.findings.append(Finding(where, f"the YAML tag {node.tag} is not used here"))
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, where))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*where, index)) for index, item in enumerate(node.value)]
        text = str(node.value)
        quoted = isinstance(node, yaml.ScalarNode) and node.style
        return text if quoted else _plain(text)

    def _too_much(self, where: Where) -> None:
        place = where[:1]
        if not any(finding.where == place for finding in self.findings):
            message = f"more than {MAX_VALUES} values or {MAX_DEPTH} levels, aliases included"
            self.findings.append(Finding(place, message))

    def _entries(self, node: yaml.MappingNode, where: Where) -> Iterator[tuple[str, Data]]:
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.findings.append(Finding(where, "a key is no plain text"))
                continue
            name: str = key.value
            place = (*where, name)
            if name in first:
                message = f"the key is already written in line {first[name]}"
                self.findings.append(Finding(place, message, line=line))
                continue
            first[name] = line
            self.lines[place] = line
            yield name, self.value(value, place)


def _plain(text: str) -> Data:
    """Return what a text without quotes says."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text
