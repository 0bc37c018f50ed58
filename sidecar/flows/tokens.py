"""Everything of ours that a browser carries: minted here, and recognised without the store."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sidecar.core.keyed import Keyed
from sidecar.core.model import AuthenticatorId, Person, SessionId, TokenHash
from sidecar.core.trusted import SeriesId

TOKEN_BYTES = 32
TAG_BYTES = 32
KNOWN_FOR = timedelta(days=90)
"""How long a browser that once passed counts as known; it proves nothing, it only guesses apart."""

DISOWNED_WITHIN = timedelta(days=7)
"""How long a notice can be answered with "this wasn't me"."""
HOUR_S = 3600

API_PREFIX = "sidecar_"

INVITATION_BYTES = 14
"""112 bits (DESIGN section 6); single use, so that a plain SHA-256 is a fit store for it."""


class Signer(Protocol):
    """HMAC-SHA256 under the key ring: made with the active key, matched with every key."""

    def keyed(self, purpose: str, data: bytes) -> bytes: ...

    def matches(self, purpose: str, data: bytes, tag: bytes) -> bool: ...

    def of(self, purpose: str) -> Keyed: ...


class Sealer(Signer, Protocol):
    """Encrypts for our own eyes too, under a key of the purpose; opens what any key made."""

    def wrap(self, purpose: str, data: bytes) -> str: ...

    def unwrap(self, purpose: str, text: str) -> bytes | None: ...


def _pack(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _unpack(text: str) -> bytes:
    """Return the bytes, or none at all for what is not canonical base64url."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (BadBase64, ValueError):
        return b""
    return raw if hmac.compare_digest(_pack(raw), text) else b""


def hash_token(token: str) -> TokenHash:
    """Return the only form of a bearer token that is stored."""
    return TokenHash(hashlib.sha256(token.encode()).hexdigest())


def _words(*parts: str) -> bytes:
    """Return the parts as one unambiguous byte string."""
    raw = [part.encode("utf-8", "surrogateescape") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in raw)


@dataclass(frozen=True, slots=True)
class TrustedToken:
    """What a remembered browser carries: the same series every time, and a counter of one use."""

    text: str = field(repr=False)
    series: bytes = field(repr=False)
    counter: bytes = field(repr=False)

    @property
    def series_id(self) -> SeriesId:
        """The stored form of the series."""
        return SeriesId(hashlib.sha256(self.series).hexdigest())

    @property
    def counter_hash(self) -> TokenHash:
        """The stored form of the counter."""
        return TokenHash(hashlib.sha256(self.counter).hexdigest())


class Tokens:
    """Mints and recognises tokens; made-up ones are told apart by their tag, at no cost."""

    def __init__(self, signer: Sealer) -> None:
        self._signer = signer

    # -- sessions ------------------------------------------------------------------------------

    def mint_session(self) -> str:
        """Return a new session token: 256 random bits and a tag that only we can make."""
        body = secrets.token_bytes(TOKEN_BYTES)
        return _pack(body + self._signer.keyed("cookie", body))

    def session_hash(self, token: str) -> TokenHash | None:
        """Return the stored form of a session token of ours; None for anything else."""
        raw = _unpack(token)
        body, tag = raw[:TOKEN_BYTES], raw[TOKEN_BYTES:]
        if len(tag) != TAG_BYTES or not self._signer.matches("cookie", body, tag):
            return None
        return hash_token(token)

    # -- clients of the management API ---------------------------------------------------------

    def mint_api(self) -> str:
        """Return a new API token; its beginning lets scanners find one that leaked."""
        body = secrets.token_bytes(TOKEN_BYTES)
        return API_PREFIX + _pack(body + self._signer.keyed("api-token", body))

    def api_hash(self, token: str) -> TokenHash | None:
        """Return the stored form of an API token of ours; None for anything else."""
        if not token.startswith(API_PREFIX):
            return None
        raw = _unpack(token.removeprefix(API_PREFIX))
        body, tag = raw[:TOKEN_BYTES], raw[TOKEN_BYTES:]
        if len(tag) != TAG_BYTES or not self._signer.matches("api-token", body, tag):
            return None
        return hash_token(token)

    # -- known browsers ------------------------------------------------------------------------

    def mint_known(self, person: Person, now: datetime) -> str:
        """Return a token that says: this browser once passed as this person."""
        until = str(int((now + KNOWN_FOR).timestamp()))
        tag = self._signer.keyed("known-browser", _words(person.realm, person.subject, until))
        return f"{until}.{_pack(tag)}"

    def is_known(self, token: str, person: Person, now: datetime) -> bool:
        """Tell whether the token is ours, of this person, and not too old."""
        until, _, tag = token.partition(".")
        said = _words(person.realm, person.subject, until)
        if not self._signer.matches("known-browser", said, _unpack(tag)):
            return False
        # Read only after the tag was found ours: a year 300000 cannot be a datetime.
        return datetime.fromtimestamp(int(until), UTC) >= now

    # -- remembered browsers -------------------------------------------------------------------

    def mint_trusted(self, person: Person, series: bytes = b"") -> TrustedToken:
        """Return a new counter of a series, or the first of a new one; of this person alone."""
        series, counter = (
            series or secrets.token_bytes(TOKEN_BYTES),
            secrets.token_bytes(TOKEN_BYTES),
        )
        said = _words(person.realm, person.subject) + series + counter
        tag = self._signer.keyed("trusted-browser", said)
        return TrustedToken(_pack(series + counter + tag), series, counter)

    def read_trusted(self, text: str, person: Person) -> TrustedToken | None:
        """Return the token, if it is ours and of this person; whether it counts the store knows."""
        raw = _unpack(text)
        series, counter = raw[:TOKEN_BYTES], raw[TOKEN_BYTES : 2 * TOKEN_BYTES]
        said = _words(person.realm, person.subject) + series + counter
        tag = raw[2 * TOKEN_BYTES :]
        if len(tag) != TAG_BYTES or not self._signer.matches("trusted-browser", said, tag):
            return None
        return TrustedToken(text, series, counter)

    # -- codes ---------------------------------------------------------------------------------

    @property
    def codes(self) -> Keyed:
        """The keyed hash by which a code that confirms a person is remembered."""
        return self._signer.of("confirm-person")

    # -- forms ---------------------------------------------------------------------------------

    def csrf(self, session: SessionId) -> str:
        """Return the value that every form of this session carries."""
        return _pack(self._signer.keyed("csrf", session.encode()))

    def csrf_fits(self, session: SessionId, value: str) -> bool:
        """Tell whether the form came from a page of ours in this session."""
        return self._signer.matches("csrf", session.encode(), _unpack(value))

    def seal_next(self, session: SessionId, path: str) -> str:
        """Return a value that only we can make: go on to this path, in this session."""
        tag = self._signer.keyed("next", _words(session, path))
        return _pack(tag + path.encode("utf-8", "surrogateescape"))

    def open_next(self, session: SessionId, value: str) -> str | None:
        """Return the path of a value that we sealed for this session; None for anything else."""
        raw = _unpack(value)
        path = raw[TAG_BYTES:].decode("utf-8", "surrogateescape")
        if not path.startswith("/"):
            return None
        fits = self._signer.matches("next", _words(session, path), raw[:TAG_BYTES])
        return path if fits else None

    @staticmethod
    def read_next(value: str) -> str:
        """Return the path in a value without proof that we sealed it: for a link, never to go."""
        return _unpack(value)[TAG_BYTES:].decode("utf-8", "replace")

    # -- carried challenges --------------------------------------------------------------------

    def wrap(self, content: bytes) -> str:
        """Return the content as a text that a page may carry and only we can read."""
        return self._signer.wrap("carried", content)

    def unwrap(self, text: str) -> bytes:
        """Return what was wrapped, or none at all for what is not ours."""
        return self._signer.unwrap("carried", text) or b""

    # -- links in notices ----------------------------------------------------------------------

    def mint_disown(self, which: AuthenticatorId, now: datetime) -> str:
        """Return what lets whoever gets the notice say: this authenticator is not mine."""
        until = f"{int((now + DISOWNED_WITHIN).timestamp()) // HOUR_S:x}"
        return f"{which}.{until}.{_pack(self._signer.keyed('disown', _words(which, until)))}"

    def read_disown(self, token: str, now: datetime) -> AuthenticatorId | None:
        """Return what the token is about; None for one that is not ours, or too old."""
        which, _, rest = token.partition(".")
        until, _, tag = rest.partition(".")
        if not self._signer.matches("disown", _words(which, until), _unpack(tag)):
            return None
        return AuthenticatorId(which) if int(until, 16) * HOUR_S >= now.timestamp() else None

    # -- invitations ---------------------------------------------------------------------------

    @staticmethod
    def mint_invitation() -> str:
        """Return a new invitation code, in groups that can be read out."""
        text = secrets.token_hex(INVITATION_BYTES)
        return "-".join(text[start : start + 7] for start in range(0, len(text), 7))

    @staticmethod
    def invitation_hash(code: str) -> TokenHash:
        """Return the stored form of an invitation code, however it was typed."""
        return hash_token("".join(char for char in code.lower() if char in "0123456789abcdef"))
