"""One-time codes that travel by message: made, remembered as a keyed hash, judged once answered.

For factors, for addresses that are about to be enrolled, and for whoever else sends codes. Two
things are left to the caller's flow: that tries are counted before an answer is judged, and that a
challenge whose code was right is consumed.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from secrets import randbelow
from typing import Final

from sidecar.core.keyed import Keyed, name_in, named
from sidecar.core.model import Rejected
from sidecar.core.protocols import Context

SHORTEST_LIFE: Final = timedelta(minutes=1)
LONGEST_LIFE: Final = timedelta(minutes=10)
"""Source: NIST 800-63B §3.1.3.2 (OBV-3), ASVS 6.5.5."""
FEWEST_DIGITS: Final = 6
"""Source: NIST 800-63B §3.1.3.2 (OBV-5)."""
MOST_DIGITS: Final = 8
"""More are not typed without mistakes."""
MAX_INPUT_CHARACTERS: Final = 64

_SEPARATORS: Final = str.maketrans("", "", " \t\r\n\u00a0-\u2010\u2011\u2012\u2013\u2014")
"""What people, and apps that show messages, put between groups of digits."""
_VERSION: Final = b"code/1\n"


@dataclass(frozen=True, slots=True)
class Sent:
    """What is remembered of a code on its way; whoever reads it learns the code only by trying."""

    to: str = field(repr=False)
    """The address that the code went to."""
    about: str
    """What else the code is bound to, in the words of whoever sent it."""
    digits: int
    expires_at: datetime
    """From then on the code is worth nothing."""
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageCodes:
    """Makes codes and judges answers; `keyed` is what `Tools.keyed` lends.

    Raises:
        ValueError: shorter, longer or longer-lived than codes may be.

    """

    keyed: Keyed = field(repr=False)
    digits: int = FEWEST_DIGITS
    life: timedelta = LONGEST_LIFE

    def __post_init__(self) -> None:
        if not FEWEST_DIGITS <= self.digits <= MOST_DIGITS:
            raise ValueError(f"a code has {FEWEST_DIGITS} to {MOST_DIGITS} digits")
        if not SHORTEST_LIFE <= self.life <= LONGEST_LIFE:
            raise ValueError("a code lives between one minute and ten")

    @property
    def minutes(self) -> int:
        """How long a code lives, as a message may promise it."""
        return self.life // timedelta(minutes=1)

    def begin(self, context: Context, to: str, *, about: str = "") -> tuple[bytes, str]:
        """Return the state to keep and a new code, which belongs into the message alone.

        The code is good for this ceremony, person and address only (ASVS 6.6.2).
        """
        code = f"{randbelow(10**self.digits):0{self.digits}}"
        digest = self._digest(context, to, about, code, name=self.keyed.names[0])
        return _closed(Sent(to, about, self.digits, context.now + self.life, digest)), code

    def judge(self, context: Context, state: bytes, typed: str) -> Sent | Rejected:
        """Return what the code was sent for, if this is that code and still in time."""
        sent = _opened(state)
        if sent is None or context.now >= sent.expires_at:
            # Whatever was typed: a late answer must not tell whether it would have been right.
            return Rejected(over=True)
        code = _code(typed, sent.digits)
        if code is None:
            return Rejected("malformed")
        name, _ = name_in(sent.digest)
        try:
            digest = self._digest(context, sent.to, sent.about, code, name=name)
        except KeyError:  # the key went while the code was on its way
            return Rejected(over=True)
        return sent if compare_digest(digest, sent.digest) else Rejected()

    def _digest(self, context: Context, to: str, about: str, code: str, *, name: str) -> str:
        """Return the tag and its key's name: the key may be replaced while a code travels."""
        person = context.person
        bound = ("message code", context.subject_id, person.realm, person.subject, to, about, code)
        return named(name, self.keyed(json.dumps(bound).encode(), name).hex())


def _closed(sent: Sent) -> bytes:
    until = sent.expires_at.isoformat()
    return _VERSION + json.dumps([sent.to, sent.about, sent.digits, until, sent.digest]).encode()


def _opened(state: bytes) -> Sent | None:
    """Return what a state of `begin` holds; None for one that another version of us wrote."""
    if not state.startswith(_VERSION):
        return None
    to, about, digits, until, digest = json.loads(state.removeprefix(_VERSION))
    return Sent(to, about, digits, datetime.fromisoformat(until), digest)


def _code(typed: str, digits: int) -> str | None:
    if len(typed) > MAX_INPUT_CHARACTERS:
        return None
    code = typed.translate(_SEPARATORS)
    return code if code.isascii() and code.isdigit() and len(code) == digits else None
