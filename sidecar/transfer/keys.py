"""Keys that files are sealed to: a pair for each move, whose private part stays where it is."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from sidecar.transfer.rows import Unfit

Curve = Literal["P-256", "X25519"]
Key = ECKey | OKPKey
Jwk = dict[str, str]

ALGORITHM: Final = "ECDH-ES"
"""Source: RFC 7518 §4.6: agreed upon anew for each line, and used directly."""

_KINDS: Final[Mapping[str, str]] = MappingProxyType({"P-256": "EC", "X25519": "OKP"})
_POINTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"P-256": ("x", "y"), "X25519": ("x",)}
)
_MAX_CHARACTERS: Final = 64
"""Of a coordinate or private part, whose 32 bytes are 43 in base64url."""
_NO_KEY: Final = "it is no key: give the JSON Web Key as it was made"


@dataclass(frozen=True, slots=True)
class Pair:
    """A public key, or a private one, which opens what is sealed to `id`."""

    id: str
    """The same for both parts, and everywhere. Source: RFC 7638."""
    curve: Curve
    key: Key = field(repr=False)


def make_recipient(curve: Curve = "P-256") -> tuple[Jwk, Jwk]:
    """Return a new public and private key; whoever has the private one reads every secret."""
    key: Key = ECKey.generate_key("P-256") if curve == "P-256" else OKPKey.generate_key("X25519")
    more = {"use": "enc", "alg": ALGORITHM, "kid": key.thumbprint()}
    parts = {name: str(value) for name, value in key.as_dict(private=True).items()}
    public = {name: parts[name] for name in ("kty", "crv", *_POINTS[curve])}
    return {**public, **more}, {**public, "d": parts["d"], **more}


def recipient(jwk: Mapping[str, object]) -> Pair:
    """Return the public key to which a file may be sealed.

    Raises:
        Unfit: it is private, of another curve or algorithm, or no point of its curve.

    """
    if "d" in jwk:
        raise Unfit("it is a private key: give the public one to whoever seals, and only that")
    return _pair(jwk, ())


def owner(jwk: Mapping[str, object]) -> Pair:
    """Return the private key that opens a file.

    Raises:
        Unfit: it is public, of another curve or algorithm, or no key.

    """
    if "d" not in jwk:
        raise Unfit("it is a public key: only the private one opens the file")
    return _pair(jwk, ("d",))


def is_point(jwk: object, curve: Curve) -> bool:
    """Tell whether it looks like a public key of the curve, and says nothing more."""
    if not isinstance(jwk, dict) or set(jwk) != {"kty", "crv", *_POINTS[curve]}:
        return False
    return (jwk["kty"], jwk["crv"]) == (_KINDS[curve], curve) and all(
        isinstance(jwk[name], str) and len(jwk[name]) <= _MAX_CHARACTERS for name in _POINTS[curve]
    )


def _pair(jwk: Mapping[str, object], private: tuple[str, ...]) -> Pair:
    """Return the key made of its numbers alone, whatever else is said of it."""
    curve = _curve(jwk)
    if jwk.get("alg", ALGORITHM) != ALGORITHM or jwk.get("use", "enc") != "enc":
        raise Unfit(f"it is for something else: a key for files has alg {ALGORITHM} and use enc")
    parts = {name: jwk.get(name) for name in (*_POINTS[curve], *private)}
    if not all(isinstance(part, str) and len(part) <= _MAX_CHARACTERS for part in parts.values()):
        raise Unfit(_NO_KEY)
    key = _imported(curve, {name: str(part) for name, part in parts.items()})
    return Pair(key.thumbprint(), curve, key)


def _curve(jwk: Mapping[str, object]) -> Curve:
    for curve in ("P-256", "X25519"):
        if (jwk.get("kty"), jwk.get("crv")) == (_KINDS[curve], curve):
            return curve
    raise Unfit("it is of another kind: a key for files is P-256 or X25519")


def _imported(curve: Curve, parts: Jwk) -> Key:
    """Made again from the number, so that a private key does not believe a public part."""
    try:
        if curve == "P-256":
            point = ECKey.import_key({"kty": "EC", "crv": curve, **parts})
            return ECKey.import_key(point.raw_value)
        other = OKPKey.import_key({"kty": "OKP", "crv": curve, **parts})
        if isinstance(other.raw_value, X25519PublicKey):
            # Of low order, it agrees on nothing with anybody (RFC 7748 §6.1).
            X25519PrivateKey.generate().exchange(other.raw_value)
        return OKPKey.import_key(other.raw_value)
    except (JoseError, ValueError, binascii.Error) as error:
        raise Unfit(_NO_KEY) from error
