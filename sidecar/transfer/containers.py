"""PSKC documents, read key by key: what one says, by path, and never the document as a whole.

Document types are refused, and with them entities of every kind (XXE, billion laughs). Signatures
over the document are not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from xml.parsers import expat

from sidecar.transfer.rows import BadRow, Unfit

NAMESPACE: Final = "urn:ietf:params:xml:ns:keyprov:pskc"
"""Source: RFC 6030 §4."""
MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 500
"""Paths that are remembered at once: of the head, a package and a key."""
MAX_REPEATS: Final = 20
"""Of one path, such as names in several languages."""
MAX_VALUE_CHARACTERS: Final = 16 * 1024
CHUNK_BYTES: Final = 16 * 1024

_PACKAGE: Final = "KeyPackage"
_KEY: Final = f"{_PACKAGE}/Key"
_PASSED_OVER: Final = frozenset({"Extensions", "Signature"})
_AT_END: Final = True
_TOO_MUCH: Final = "the XML holds more than any file of keys: ask its maker for another file"


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with everything that is said of it, of its package and of the container."""

    line: int
    said: dict[str, tuple[str, ...]] = field(repr=False)
    """Texts by path below the container; attributes are at `path@Name`."""

    def one(self, path: str) -> str | None:
        """Return what is said at a path; None where nothing is.

        Raises:
            Unfit: it is said twice.

        """
        found = self.said.get(path, ())
        if len(found) > 1:
            raise Unfit("it says the same thing twice: ask its maker for another file")
        return found[0].strip() if found else None

    def has(self, path: str) -> bool:
        """Tell whether there is such an element, or anything below it."""
        return any(name == path or name.startswith((f"{path}/", f"{path}@")) for name in self.said)


def entries(file: BinaryIO) -> Iterator[Entry | BadRow]:
    """Yield each key of the document; where it cannot be read on, that is the last row."""
    reader = _Reader()
    try:
        for chunk in _chunks(file):
            reader.parser.Parse(chunk)
            yield from reader.taken()
        reader.parser.Parse(b"", _AT_END)
        yield from reader.taken()
    except Unfit as unfit:
        yield from reader.taken()
        yield BadRow(reader.parser.CurrentLineNumber, str(unfit))
    except (expat.ExpatError, ValueError, LookupError):
        yield from reader.taken()
        yield BadRow(reader.parser.CurrentLineNumber, "the XML is broken here: get the file again")


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    size = 0
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_DOCUMENT_BYTES:
            raise Unfit(f"the file is longer than {MAX_DOCUMENT_BYTES} bytes: take it in parts")
        yield chunk


class _Reader:
    """What the parser tells, by path, and forgotten with the key or package it was said of."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._path: list[str] = []
        self._texts: list[str] = []
        self._said: dict[str, tuple[str, ...]] = {}
        self._line = 0
        self._ready: list[Entry] = []

    def taken(self) -> Iterator[Entry]:
        """Return the keys that ended since the last time."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def _document_type(self, *_told: object) -> None:
        raise Unfit("the XML has a document type (DOCTYPE), which is refused: take that line out")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if self._texts:
            self._texts[-1] = ""  # between elements stand line ends only, as many as there are
        self._path.append(_local(name))
        self._texts.append("")
        if len(self._path) == 1:
            _container(name, attributes)
        if len(self._path) > MAX_DEPTH:
            raise Unfit(_TOO_MUCH)
        path = self._where()
        if path == _KEY:
            self._line = self.parser.CurrentLineNumber
        for attribute, value in attributes.items():
            self._remember(f"{path}@{_local(attribute)}", value)

    def _text(self, text: str) -> None:
        self._texts[-1] += text
        if len(self._texts[-1]) > MAX_VALUE_CHARACTERS:
            raise Unfit(_TOO_MUCH)

    def _end(self, _name: str) -> None:
        path = self._where()
        self._remember(path, self._texts.pop())
        if path == _KEY:
            self._ready.append(Entry(self._line, self._said.copy()))
        if path in {_KEY, _PACKAGE}:
            self._forget(path)
        self._path.pop()

    def _where(self) -> str:
        return "/".join(self._path[1:])

    def _remember(self, path: str, value: str) -> None:
        if _PASSED_OVER.intersection(self._path):
            return
        before = self._said.get(path, ())
        if len(self._said) >= MAX_VALUES or len(before) >= MAX_REPEATS:
            raise Unfit(_TOO_MUCH)
        if len(value) > MAX_VALUE_CHARACTERS:
            raise Unfit(_TOO_MUCH)
        self._said[path] = (*before, value)

    def _forget(self, path: str) -> None:
        below = (f"{path}/", f"{path}@")
        self._said = {
            name: values
            for name, values in self._said.items()
            if name != path and not name.startswith(below)
        }


def _local(name: str) -> str:
    """Return the name without its namespace: makers put elements into those of others."""
    return name.rpartition(" ")[2]


def _container(name: str, attributes: dict[str, str]) -> None:
    if name != f"{NAMESPACE} KeyContainer":
        raise Unfit("the file is no PSKC as RFC 6030 has it: older drafts cannot be read")
    if attributes.get("Version", "1.0") not in {"1.0", "1"}:
        raise Unfit("the file is of another version of PSKC than 1.0")
