"""Codes to keep on paper, each good for one sign-in when nothing else is at hand.

NIST calls them look-up secrets (800-63B §3.1.2) and saved recovery codes (§4.2.1.1). They do not
protect against whoever reads the paper, nor against a page that asks for one (phishing).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from secrets import choice
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError
from pydantic import BaseModel, ConfigDict, Field

from sidecar.core.keyed import name_in, named
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    LookupCode,
    LookupCodes,
    Person,
    Prompt,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits, Plugin, Tools

AMR: Final = ("otp",)
"""Source: RFC 8176 §2."""
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no letter that reads like another, 5 bits each."""
SELECTOR_LENGTH: Final = 4
SECRET_LENGTH: Final = 16
"""80 bits; saved recovery codes need 64. Source: NIST 800-63B §4.2.1.1 SRC-1."""
MAX_INPUT_CHARACTERS: Final = 64

_CODE_LENGTH: Final = SELECTOR_LENGTH + SECRET_LENGTH
_SEPARATORS: Final = str.maketrans("", "", " \t\r\n\u00a0-\u2010\u2011\u2012\u2013\u2014")
"""What people and word processors put between groups."""
_MISREAD: Final = str.maketrans("OIL", "011")
_HASHER: Final = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
"""Source: OWASP ASVS 5.0.0 §11.4.2 and appendix C."""


class Options(BaseModel):
    """How many codes a set has."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    count: int = Field(default=10, ge=8, le=20)
    """Codes in a new set; each works once."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """A code as somebody typed it, in the one spelling that is hashed."""

    selector: str
    secret: str


class BackupCodes:
    """Sets of single-use codes."""

    traits = FactorTraits(proves="possession", only_one=True, stands_in=True)

    def __init__(self, options: Options, tools: Tools) -> None:
        self._count = options.count
        self._keyed = tools.keyed
        self._dear = tools.dear

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        """The codes are made; hashing them waits until they are known to be kept."""
        del context, request
        codes = tuple(_made(self._count))
        shown = tuple("-".join(_groups(code)) for code in codes)
        prompt = Prompt("lookup_codes", {"codes": shown, "count": self._count})
        return Started(prompt, state="\n".join(codes).encode())

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected:
        """The set is hashed; there is nothing to answer wrongly."""
        del response
        typed = [_split(code) for code in state.decode().split("\n")]
        return Enrolled(
            LookupCodes(tuple([await self._hashed(context.person, code) for code in typed]))
        )

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        left = sum(held.left for _, held in _ready(context, authenticators))
        return Started(Prompt("backup_code", {"left": left}))

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        """The code is spent if it is right; a guess costs one hash, whatever it hits."""
        del state
        typed = _typed(response)
        if typed is None:
            return Rejected("malformed")
        found = _find(context, authenticators, typed.selector)
        if found is None:
            await self._hashed(context.person, typed)
            return Rejected()
        authenticator, held, code = found
        if not await self._fits(context.person, code, typed):
            return Rejected()
        if code.used_at is not None:
            return Rejected("already-used")
        spent = replace(code, used_at=context.now)
        left = tuple(spent if one is code else one for one in held.codes)
        return Verified(authenticator.id, AMR, LookupCodes(left))

    async def _hashed(self, person: Person, typed: _Typed) -> LookupCode:
        pepper = self._keyed.names[0]
        peppered = self._peppered(person, typed, pepper)
        digest = await self._dear(partial(_HASHER.hash, peppered))
        return LookupCode(typed.selector, named(pepper, digest))

    async def _fits(self, person: Person, code: LookupCode, typed: _Typed) -> bool:
        """Tell whether it is this code; without the pepper of its time nothing is, at one hash."""
        pepper, digest = name_in(code.hash)
        try:
            peppered = self._peppered(person, typed, pepper)
        except KeyError:
            await self._hashed(person, typed)
            return False
        try:
            return await self._dear(partial(_HASHER.verify, digest, peppered))
        except VerifyMismatchError:
            return False

    def _peppered(self, person: Person, typed: _Typed, pepper: str) -> bytes:
        """Return what is hashed: useless without our key, and in another person's set."""
        parts = (person.realm, person.subject, typed.selector, typed.secret)
        return self._keyed(b"".join(_prefixed(part.encode()) for part in parts), pepper)


def _prefixed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _made(count: int) -> Iterator[str]:
    """Yield so many codes, no two with the same selector."""
    selectors: set[str] = set()
    while len(selectors) < count:
        selectors.add(_random(SELECTOR_LENGTH))
    yield from (selector + _random(SECRET_LENGTH) for selector in sorted(selectors))


def _random(length: int) -> str:
    return "".join(choice(ALPHABET) for _ in range(length))


def _groups(code: str) -> Iterator[str]:
    yield from (code[at : at + 4] for at in range(0, len(code), 4))


def _split(code: str) -> _Typed:
    return _Typed(code[:SELECTOR_LENGTH], code[SELECTOR_LENGTH:])


def _typed(response: Response) -> _Typed | None:
    text = response.get("code", "")
    if len(text) > MAX_INPUT_CHARACTERS:
        return None
    bare = text.translate(_SEPARATORS)
    # Upper case of some other letters is ASCII, so what is not ASCII goes first.
    code = bare.upper().translate(_MISREAD) if bare.isascii() else ""
    fits = len(code) == _CODE_LENGTH and set(code) <= set(ALPHABET)
    return _split(code) if fits else None


def _ready(
    context: Context, authenticators: Iterable[Authenticator]
) -> Iterator[tuple[Authenticator, LookupCodes]]:
    for authenticator in authenticators:
        mine = authenticator.person == context.person and authenticator.usable
        if mine and isinstance(authenticator.material, LookupCodes):
            yield authenticator, authenticator.material


def _find(
    context: Context, authenticators: Iterable[Authenticator], selector: str
) -> tuple[Authenticator, LookupCodes, LookupCode] | None:
    for authenticator, held in _ready(context, authenticators):
        for code in held.codes:
            if code.selector == selector:
                return authenticator, held, code
    return None


PLUGIN: Plugin[Options, Factor] = Plugin(Options, BackupCodes)
