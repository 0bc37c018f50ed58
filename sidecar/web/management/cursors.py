"""Where the next page of a list begins, in one word that only we read."""

import json
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

from sidecar.core.api_errors import InputFault, InputInvalid

Part = TypeVar("Part", str, int)

_HIGHEST = 2**63 - 1
"""What a number of a row can be."""
_NEVER = frozenset({"Cc", "Cs"})
"""Control and half characters: no name has them, and not every database takes them."""


def pack(*parts: str | int) -> str:
    """Return the place of the last row that was shown; it holds no secret."""
    said = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(said).decode().rstrip("=")


def unpack(cursor: str, kind: type[Part], count: int) -> tuple[Part, ...]:
    """Return the parts that were packed: so many, all of one kind.

    Raises:
        InputInvalid: it is none that such a list gave.

    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        parts = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise _refused() from error
    if not isinstance(parts, list) or len(parts) != count:
        raise _refused()
    if any(type(part) is not kind or not _kept(part) for part in parts):
        raise _refused()
    return tuple(parts)


def _kept(part: str | int) -> bool:
    """Tell whether a row could have it: text that any database takes, or the number of a row."""
    if isinstance(part, int):
        return 0 <= part <= _HIGHEST
    return not any(unicodedata.category(character) in _NEVER for character in part)


def _refused() -> InputInvalid:
    detail = "is no `next` of this list; leave it out for the first page"
    return InputInvalid(InputFault(detail, parameter="cursor"))
