"""The key by which the sidecar signs what it states: one, the same in every process of one ring."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

PURPOSE: Final = "assertion"
"""Of the ring's key that the signing key follows from."""
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256 (SEC 2 §2.4.2)."""


def signing_key(seed: bytes) -> ECKey:
    """Return the ES256 key of a 32-byte purpose key, the same in every process that has it."""
    scalar = int.from_bytes(hashlib.sha512(seed).digest(), "big") % (_ORDER - 1) + 1
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    public = private.public_key().public_numbers()
    name = hashlib.sha256(public.x.to_bytes(32, "big") + public.y.to_bytes(32, "big"))
    return ECKey.import_key(
        _to_jwk(private), {"kid": name.hexdigest()[:16], "use": "sig", "alg": "ES256"}
    )


def _to_jwk(private: ec.EllipticCurvePrivateKey) -> dict[str, str | list[str]]:
    numbers = private.private_numbers()
    public = numbers.public_numbers
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _b64(public.x),
        "y": _b64(public.y),
        "d": _b64(numbers.private_value),
    }


def _b64(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode("ascii")
