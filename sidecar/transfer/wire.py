"""Protocol buffers as they stand on the wire: numbered fields, of which nothing else is known.

Source: Protocol Buffers, Encoding.
"""

from collections.abc import Iterator
from typing import Final

Value = int | bytes
"""A varint, or the bytes of a text, a message or a number of fixed length."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED: Final = {_FIXED64: 8, _FIXED32: 4}
_MORE: Final = 0x80
"""The bit of a byte that says that the number goes on."""
_MOST_VARINT_BYTES: Final = 10
_MOST_NUMBER: Final = (1 << 64) - 1


class Broken(ValueError):
    """The bytes end too early, or are no such message."""


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field; the kinds that ended with proto2 are refused.

    Raises:
        Broken: a field ends behind the end, or is of no kind that there is.

    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise Broken("a field has no number")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        else:
            start, at = _extent(data, at, kind)
            yield number, data[start:at]


def _extent(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """Return where the bytes of a field begin and end."""
    if kind == _BYTES:
        length, at = _varint(data, at)
    elif kind in _FIXED:
        length = _FIXED[kind]
    else:
        raise Broken("a field is of no kind that there is")
    if length > len(data) - at:
        raise Broken("a field ends behind the end")
    return at, at + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins here, and where the next field does."""
    number = 0
    for place in range(_MOST_VARINT_BYTES):
        if at + place >= len(data):
            raise Broken("a number ends behind the end")
        byte = data[at + place]
        number |= (byte & ~_MORE) << (7 * place)
        if not byte & _MORE:
            if number > _MOST_NUMBER:
                break
            return number, at + place + 1
    raise Broken("a number is longer than 64 bits")
