"""Public keys of authenticators: which kinds are taken, and what they have signed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import CoseKey

Algorithm = Literal[
    "ES256", "ES384", "ES512", "EdDSA", "RS256", "ESP256", "ESP384", "ESP512", "Ed25519", "Ed448"
]

ALGORITHMS: Final[Mapping[Algorithm, int]] = MappingProxyType(
    {
        "ES256": -7,
        "ES384": -35,
        "ES512": -36,
        "EdDSA": -8,
        "RS256": -257,
        "ESP256": -9,
        "ESP384": -51,
        "ESP512": -52,
        "Ed25519": -19,
        "Ed448": -53,
    }
)
"""Source: IANA COSE Algorithms; RFC 8812 §2, RFC 9053 §2, RFC 9864 §2."""

_KEY_TYPE, _ALGORITHM, _MODULUS = 1, 3, -1
_OKP, _EC2, _RSA = 1, 2, 3
_KEY_TYPES: Final = MappingProxyType({-8: _OKP, -19: _OKP, -53: _OKP, -257: _RSA})
"""All others are on elliptic curves with two coordinates."""
RSA_BITS: Final = range(2048, 4097)
"""Fewer are too weak (NIST 800-131A §3); more cost time at each sign-in."""


def algorithm_of(key: CoseKey) -> object:
    return key.get(_ALGORITHM)


def is_sound(key: CoseKey) -> bool:
    """Tell whether the key can be used to check signatures, and is strong enough for it."""
    kind = _KEY_TYPES.get(key[_ALGORITHM], _EC2)
    if key.get(_KEY_TYPE) != kind:
        return False
    if kind == _RSA:
        modulus = key.get(_MODULUS)
        if not isinstance(modulus, bytes):
            return False
        if int.from_bytes(modulus, "big").bit_length() not in RSA_BITS:
            return False
    try:
        key.verify(b"", b"")
    except InvalidSignature:
        return True
    except Exception:  # noqa: BLE001 - whatever a hostile key provokes where it is loaded
        return False
    return False


def has_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the signature is the key's; one that cannot be read is nobody's."""
    try:
        CoseKey.parse(cbor.decode(public_key)).verify(message, signature)  # type: ignore[arg-type]  # what `stored` wrote is a map
    except Exception:  # noqa: BLE001 - the signature is the sender's choice, and so is what it provokes
        return False
    return True


def stored(key: CoseKey) -> bytes:
    """Return the key as it is kept: COSE, in the one spelling of CTAP2."""
    return cbor.encode(dict(key))
