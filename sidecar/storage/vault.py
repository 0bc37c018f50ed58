"""The key ring, one derived key per purpose, and values sealed to their place."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sidecar.core.errors import SealBroken
from sidecar.core.model import Person

KEY_BYTES = 32
_VERSION = "v1"
_SEAL = "seal"
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)

NOBODY = Person("", "")
"""The person of values that belong to the installation itself."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """One root key; `active` keys seal, the others only open what they sealed before."""

    id: str
    secret: bytes = field(repr=False)
    active: bool = True

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.id):
            raise ValueError(f"a key id is 1 to 64 letters, digits, '_', '.' or '-': {self.id!r}")
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"key {self.id} has {len(self.secret)} bytes instead of {KEY_BYTES}")


class KeyRing:
    """The root keys, and every key derived from them (HKDF-SHA256, RFC 5869).

    One derived key does one job, so that no tag of one purpose is valid for another (ASVS 11.1.2).
    """

    __slots__ = ("_derived", "_kept", "active", "keys")

    def __init__(self, keys: tuple[RootKey, ...]) -> None:
        active = [key for key in keys if key.active]
        if not active:
            raise ValueError("no key is active")
        if len({key.id for key in keys}) != len(keys):
            raise ValueError("two keys have the same id")
        self.keys: Mapping[str, RootKey] = {key.id: key for key in keys}
        self.active = active[0].id
        """The id of the key that seals: the first active one."""
        self._derived: dict[tuple[str, str], bytes] = {}
        self._kept: dict[str, dict[str, bytes]] = {}

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self.keys)})"

    def purpose_key(self, purpose: str, key_id: str | None = None) -> bytes:
        """Return the 32-byte key of a purpose under one root key, the active one by default.

        Raises:
            KeyError: the ring has no such root key, and nothing of it was kept for the purpose.

        """
        which = (key_id or self.active, purpose)
        if which[0] not in self.keys:
            return self._kept[purpose][which[0]]
        if which not in self._derived:
            info = f"sidecar/{_VERSION}/{purpose}".encode()
            kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
            self._derived[which] = kdf.derive(self.keys[which[0]].secret)
        return self._derived[which]

    def keep(self, purpose: str, key_id: str, secret: bytes) -> None:
        """The purpose has this key too, whose root key may be gone."""
        self._kept.setdefault(purpose, {})[key_id] = secret

    def holders(self, purpose: str) -> tuple[str, ...]:
        """Return the ids of the keys that the purpose has: the active one, and what matches too."""
        others = {*self.keys, *self._kept.get(purpose, ())} - {self.active}
        return (self.active, *sorted(others))

    def sealing_with(self, key_id: str) -> "KeyRing":
        """Return a ring of the same keys that makes everything with another of them."""
        roots = self.keys.values()
        ring = KeyRing(tuple(replace(key, active=key.id == key_id) for key in roots))
        ring._kept = self._kept
        return ring

    def of(self, purpose: str) -> "Pepper":
        """Return the keyed hash of one purpose."""
        return Pepper(self, purpose)

    def keyed(self, purpose: str, data: bytes, *, key_id: str | None = None) -> bytes:
        """Return the HMAC-SHA256 of the data under the active key of the purpose, or another."""
        return hmac.digest(self.purpose_key(purpose, key_id), data, "sha256")

    def matches(self, purpose: str, data: bytes, tag: bytes) -> bool:
        """Tell whether any key of the ring, retired ones included, gave this data this tag."""
        return any(
            hmac.compare_digest(hmac.digest(self.purpose_key(purpose, which), data, "sha256"), tag)
            for which in self.holders(purpose)
        )

    def wrap(self, purpose: str, data: bytes) -> str:
        """Return the data encrypted under the active key of the purpose, for others to carry."""
        return self._envelope(purpose).encrypt(data).decode("ascii")

    def unwrap(self, purpose: str, text: str) -> bytes | None:
        """Return what `wrap` was given for this purpose, by any key of the ring; else None."""
        try:
            return self._envelope(purpose).decrypt(text.encode())
        except (InvalidToken, UnicodeEncodeError):
            return None

    def _envelope(self, purpose: str) -> MultiFernet:
        """Return the keys of a purpose, the active one first: it encrypts, all of them open."""
        return MultiFernet([_fernet(self, which, purpose) for which in self.holders(purpose)])

    def vouch(self, purpose: str, data: bytes) -> str:
        """Return a tag that names its key, so that it outlives a rotation."""
        return f"{_VERSION}:{self.active}:{self.keyed(purpose, data).hex()}"

    def vouched(self, purpose: str, data: bytes, tag: str) -> bool:
        """Tell whether the tag was made by `vouch` for exactly this data."""
        version, _, rest = tag.partition(":")
        key_id, _, digest = rest.partition(":")
        if version != _VERSION or key_id not in self.holders(purpose):
            return False
        expected = hmac.digest(self.purpose_key(purpose, key_id), data, "sha256").hex()
        return hmac.compare_digest(expected.encode(), digest.encode())


@dataclass(frozen=True, slots=True)
class Pepper:
    """The keyed hash of one purpose; see `sidecar.core.keyed.Keyed`."""

    ring: KeyRing
    purpose: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.ring.holders(self.purpose)

    def __call__(self, data: bytes, name: str = "") -> bytes:
        return self.ring.keyed(self.purpose, data, key_id=name or None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; it opens nowhere else."""

    person: Person
    table: str
    column: str
    row: str


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals values to one instance and place: `v1:<key id>:<Fernet token>`.

    Fernet has no associated data, so the place travels inside the plaintext and is compared on
    opening: a ciphertext copied to another person, row or installation does not open.
    """

    ring: KeyRing
    instance: str

    def seal(self, value: bytes, place: Place, *, key_id: str | None = None) -> str:
        """Return the value sealed to the place, under the active key unless another is named."""
        content = {"value": base64.b64encode(value).decode(), "place": self._words(place)}
        chosen = key_id or self.ring.active
        token = _fernet(self.ring, chosen).encrypt(canonical(content))
        return f"{_VERSION}:{chosen}:{token.decode()}"

    def unseal(self, sealed: str, place: Place) -> bytes:
        """Return the value that was sealed to this place.

        Raises:
            SealBroken: it does not open, or was sealed to another place.

        """
        version, _, rest = sealed.partition(":")
        key_id, _, token = rest.partition(":")
        if version != _VERSION or key_id not in self.ring.holders(_SEAL):
            raise SealBroken(f"{place.table}.{place.column}: sealed by an unknown key")
        try:
            content = json.loads(_fernet(self.ring, key_id).decrypt(token.encode()))
            if content["place"] != self._words(place):
                message = f"{place.table}.{place.column}: sealed to another place"
                raise SealBroken(message, moved=True)
            return base64.b64decode(content["value"], validate=True)
        except (InvalidToken, ValueError, KeyError, TypeError) as error:
            raise SealBroken(f"{place.table}.{place.column}: does not open") from error

    def _words(self, place: Place) -> list[str]:
        person = place.person
        return [
            self.instance,
            person.realm,
            person.subject,
            place.table,
            place.column,
            place.row,
        ]


def sealed_by(sealed: str) -> str:
    """Return the id of the key that a sealed value or a tag names; empty where it names none."""
    parts = sealed.split(":", 2)
    return parts[1] if len(parts) == len(("version", "key", "token")) else ""


def pepper_of(role: str, name: str) -> str:
    """Return the purpose of the keyed hash that a plugin is lent."""
    return f"plugin/{role}/{name}"


def canonical(content: object) -> bytes:
    """Return the one JSON spelling of the content: sorted, without spaces, ASCII."""
    return _CANONICAL.encode(content).encode()


def digest(*parts: bytes) -> str:
    """Return the SHA-256 of the parts in a row, hex."""
    return hashlib.sha256(b"".join(parts)).hexdigest()


@lru_cache(maxsize=64)
def _opening(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def _fernet(ring: KeyRing, key_id: str, purpose: str = _SEAL) -> Fernet:
    return _opening(ring.purpose_key(purpose, key_id))
