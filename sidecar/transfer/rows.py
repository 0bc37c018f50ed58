"""What comes of one entry of a file, and what any form has to say about a seed and its owner."""

import unicodedata
from base64 import b32decode
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sidecar.core.seeds import ALGORITHMS, Algorithm, Portable, Seed

MAX_USER_ID_CHARACTERS: Final = 512
"""A realm, a colon and a subject of 255 bytes, with room."""
MAX_NAME_CHARACTERS: Final = 60
"""What people may call an authenticator; longer names are cut."""
MAX_SECRET_CHARACTERS: Final = 1024
DIGITS: Final = range(6, 9)
"""Source: RFC 4226 §5.3."""
MAX_PERIOD_S: Final = 3600

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""What no subject has; characters that this Python does not know yet are none of them."""
_ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {
        **{name: name for name in ALGORITHMS},
        **{f"HMAC{name}": name for name in ALGORITHMS},
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """An authenticator, and the line that it began in."""

    line: int
    portable: Portable


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that gives no authenticator; `why` says what to do, and nothing of the line."""

    line: int
    why: str


Read = Row | BadRow


class Unfit(ValueError):
    """Something cannot be taken; the text becomes `BadRow.why`, so it quotes nothing."""


def secret_of(text: str) -> bytes:
    """Return the secret of a base32 text, in either case, with or without spaces and padding.

    Raises:
        Unfit: it is empty, too long or no base32 (RFC 4648 §6).

    """
    plain = "".join(text.replace("-", " ").split()).rstrip("=")
    if not plain:
        raise Unfit("it has no secret: export it again with the secrets")
    if len(plain) > MAX_SECRET_CHARACTERS:
        raise Unfit(f"its secret is longer than {MAX_SECRET_CHARACTERS} characters")
    try:
        return b32decode(plain + "=" * (-len(plain) % 8), casefold=True)
    except ValueError as error:  # binascii.Error is one, and what is no ASCII another
        raise Unfit("its secret is no base32, which has the letters A-Z and digits 2-7") from error


def seed_of(
    secret: bytes, algorithm: str = "SHA1", digits: int = DIGITS[0], period_s: int = 30
) -> Seed:
    """Return the seed that makes its codes in this way.

    Raises:
        Unfit: no factor could judge such codes.

    """
    if not secret:
        raise Unfit("its secret is empty: its person sets up an app anew")
    if digits not in DIGITS:
        raise Unfit("its codes have neither 6 nor 8 digits: its person sets up an app anew")
    if not 0 < period_s <= MAX_PERIOD_S:
        raise Unfit("its period is no number of seconds that an app uses: usual are 30 and 60")
    return Seed(secret, _algorithm(algorithm), digits, period_s)


def number_of(text: str, what: str) -> int:
    """Return a small whole number.

    Raises:
        Unfit: it is none; `what` names it.

    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PERIOD_S))):
        raise Unfit(f"its {what} is no small whole number")
    return int(text)


def user_of(text: str) -> str:
    """Return the user id.

    Raises:
        Unfit: it is empty, too long, or has characters that nobody sees.

    """
    user_id = text.strip()
    if not user_id:
        raise Unfit("it does not say whose it is: write the user id before it, and a comma")
    if len(user_id) > MAX_USER_ID_CHARACTERS:
        raise Unfit(f"its user id is longer than {MAX_USER_ID_CHARACTERS} characters")
    if _UNSEEN & {unicodedata.category(one) for one in user_id}:
        raise Unfit("its user id has control or invisible characters: write it anew")
    return user_id


def name_of(text: str) -> str:
    """Return what may be shown of a name, in one line, with single spaces."""
    seen = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(seen.split())[:MAX_NAME_CHARACTERS].strip()


def _algorithm(text: str) -> Algorithm:
    plain = text.strip().upper().replace("-", "").replace("_", "")
    if plain not in _ALGORITHMS:
        raise Unfit("its algorithm is none of SHA1, SHA256, SHA512: its person sets up an app anew")
    return _ALGORITHMS[plain]
