"""Lines that Google Authenticator exports as QR codes: `otpauth-migration://offline?data=…`.

The format is not published. It is a protocol buffer of repeated accounts, in base64; one export
of many accounts is several lines that count themselves.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import BinaryIO, Final
from urllib.parse import unquote

from sidecar.core.seeds import Portable
from sidecar.transfer.otpauth import account_of
from sidecar.transfer.reading import Line, lines
from sidecar.transfer.rows import BadRow, Read, Row, Unfit, seed_of, user_of
from sidecar.transfer.wire import Broken, Value, fields

MOST_PARTS: Final = 1000
"""Lines of one export, and exports of which lines are still missing."""

_LINE: Final = re.compile(
    r"otpauth-migration://offline/?\?data=(?P<data>[^&#]+)(?:[&#].*)?", re.IGNORECASE | re.ASCII
)
_ACCOUNTS, _SIZE, _INDEX, _BATCH = 1, 3, 4, 5
_SECRET, _NAME, _ISSUER, _ALGORITHM, _DIGITS, _KIND = 1, 2, 3, 4, 5, 6
_ALGORITHMS: Final = MappingProxyType({0: "SHA1", 1: "SHA1", 2: "SHA256", 3: "SHA512"})
_LENGTHS: Final = MappingProxyType({0: 6, 1: 6, 2: 8})
_COUNTED, _TIMED = 1, 2
_DAMAGED: Final = "it is cut off or damaged: copy the whole of the QR code"


@dataclass(slots=True)
class Parts:
    """The exports that are not whole yet: which of their lines were there, and the last line."""

    seen: dict[int, tuple[int, set[int], int]] = field(default_factory=dict)

    def note(self, message: Mapping[int, Value], line: int) -> None:
        """The part of this message is no longer missing."""
        size, index, batch = (_number(message, which) for which in (_SIZE, _INDEX, _BATCH))
        if size <= 1:
            return
        if size > MOST_PARTS or index >= size or len(self.seen) > MOST_PARTS:
            raise Unfit("it counts its parts in a way that cannot be: export it again")
        _, indexes, _ = self.seen.get(batch, (size, set(), line))
        indexes.add(index)
        self.seen[batch] = (size, indexes, line)
        if len(indexes) == size:
            del self.seen[batch]

    def missing(self) -> Iterator[BadRow]:
        """Yield a row for each export of which something never came."""
        for size, indexes, line in self.seen.values():
            lacking = ", ".join(str(one + 1) for one in range(size) if one not in indexes)
            yield BadRow(line, f"of this export of {size} QR codes these are missing: {lacking}")


def read(file: BinaryIO) -> Iterator[Read]:
    """Yield what each account of each line gives, and what is missing of an export."""
    parts = Parts()
    for line in lines(file):
        if isinstance(line, BadRow):
            yield line
            continue
        try:
            yield from _rows(line, parts)
        except Unfit as unfit:
            yield BadRow(line.number, str(unfit))
    yield from parts.missing()


def _rows(line: Line, parts: Parts) -> Iterator[Read]:
    message = list(_fields(_payload(line.text)))
    for which, value in message:
        if which == _ACCOUNTS:
            yield _account(line.number, value)
    parts.note(dict(message), line.number)


def _payload(text: str) -> bytes:
    found = _LINE.fullmatch(text)
    if found is None:
        raise Unfit("it is no export: it begins with otpauth-migration://offline?data=")
    plain = unquote(found["data"]).replace("-", "+").replace("_", "/").replace(" ", "+")
    bare = plain.rstrip("=")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError as error:
        raise Unfit("its data are no base64: copy the whole of the QR code") from error


def _account(line: int, value: Value) -> Read:
    try:
        return Row(line, _portable(dict(_fields(_as_bytes(value)))))
    except Unfit as unfit:
        return BadRow(line, str(unfit))


def _portable(said: Mapping[int, Value]) -> Portable:
    kind, algorithm = _number(said, _KIND), _number(said, _ALGORITHM)
    if kind == _COUNTED:
        raise Unfit("its codes are counted (HOTP): its person sets up an app anew")
    if kind != _TIMED:
        raise Unfit("it does not say that its codes are timed (TOTP): export it again")
    if algorithm not in _ALGORITHMS:
        raise Unfit("its algorithm is none of SHA1, SHA256, SHA512: its person sets up an app anew")
    digits = _LENGTHS.get(_number(said, _DIGITS), 0)
    seed = seed_of(_as_bytes(said.get(_SECRET, b"")), _ALGORITHMS[algorithm], digits)
    account = account_of(_text(said, _NAME), _text(said, _ISSUER))
    return Portable(user_of(account), "", "", seed)


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    try:
        yield from fields(data)
    except Broken as broken:
        raise Unfit(_DAMAGED) from broken


def _number(said: Mapping[int, Value], which: int) -> int:
    found = said.get(which, 0)
    if not isinstance(found, int):
        raise Unfit(_DAMAGED)
    return found


def _as_bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise Unfit(_DAMAGED)
    return value


def _text(said: Mapping[int, Value], which: int) -> str:
    try:
        return _as_bytes(said.get(which, b"")).decode()
    except UnicodeDecodeError as error:
        raise Unfit("its name is no UTF-8: its person sets up an app anew") from error
