"""Which names a person may be known by, and which claims may be shown."""

import unicodedata
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from sidecar.core.errors import IdentityUnavailable

MAX_SUBJECT_BYTES: Final = 255
MAX_CLAIM_CHARACTERS: Final = 255

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (bidi and zero-width among them), surrogate and line-breaking characters."""


class Fold(StrEnum):
    """A folding that the application does too, so that both take the same names for one person."""

    NFKC = "nfkc"
    CASEFOLD = "casefold"


def subject_of(value: object, folds: Collection[Fold] = ()) -> str:
    """Return the stable id of a person, byte for byte but for the foldings asked for.

    Two ids that look alike must not meet in a key, and one id must not be two people to the
    application: what NFKC would change is refused unless the application is known to fold it.

    Raises:
        IdentityUnavailable: no non-empty string or integer, or one that could be taken for another.

    """
    text = _folded(_text(value), folds)
    if _UNSEEN & {unicodedata.category(character) for character in text}:
        raise IdentityUnavailable("the subject has control, bidi or invisible characters")
    if unicodedata.normalize("NFKC", text) != text:
        raise IdentityUnavailable("NFKC would change the subject (set normalize: [nfkc] to fold)")
    if len(text.encode()) > MAX_SUBJECT_BYTES:
        raise IdentityUnavailable(f"the subject has more than {MAX_SUBJECT_BYTES} bytes")
    return text


def claim_of(value: object) -> str:
    """Return a claim that may be shown or written to, or nothing where it is unfit for that.

    Claims are never keys, so an unfit one costs its person only the convenience.
    """
    if not isinstance(value, str) or len(value) > MAX_CLAIM_CHARACTERS:
        return ""
    text = value.strip()
    unseen = any(unicodedata.category(character) in _UNSEEN for character in text)
    return "" if unseen else text


def groups_of(values: object) -> frozenset[str]:
    """Return the groups of a person, exactly as the source names them.

    A rule may ask more of a group, so a list that cannot be read whole must not shorten it.

    Raises:
        IdentityUnavailable: no list of non-empty strings.

    """
    if not isinstance(values, list | tuple):
        raise IdentityUnavailable("the groups are no list")
    if not all(isinstance(value, str) and claim_of(value) == value != "" for value in values):
        raise IdentityUnavailable("a group is no plain, non-empty string")
    return frozenset(values)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise IdentityUnavailable("the subject is no string or integer")
    text = str(value)
    if not text:
        raise IdentityUnavailable("the subject is empty")
    return text


def _folded(text: str, folds: Collection[Fold]) -> str:
    """Fold until nothing changes: case folding can undo a normal form, and the reverse."""
    folded = text
    if Fold.NFKC in folds:
        folded = unicodedata.normalize("NFKC", folded)
    if Fold.CASEFOLD in folds:
        folded = folded.casefold()
    return folded if folded == text else _folded(folded, folds)
