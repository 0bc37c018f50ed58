"""Twin of plugins/factors/webauthn/_keys.py."""

from hashlib import sha256
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from fido2.cose import CoseKey
from hypothesis import given
from hypothesis import strategies as st

from plugins.factors.webauthn._keys import (
    ALGORITHMS,
    RSA_BITS,
    Algorithm,
    algorithm_of,
    has_signed,
    is_sound,
    stored,
)

MESSAGE = b"what is signed"


def cose(private: object, name: Algorithm) -> CoseKey:
    public = private.public_key()  # type: ignore[attr-defined]  # a private key of any kind
    return CoseKey.for_alg(ALGORITHMS[name]).from_cryptography_key(public)


def elliptic(curve: ec.EllipticCurve, digest: SHA256 | SHA384 | SHA512) -> tuple[object, bytes]:
    private = ec.generate_private_key(curve)
    return private, private.sign(MESSAGE, ec.ECDSA(digest))


def edwards(kind: type[ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey]) -> tuple[object, bytes]:
    private = kind.generate()
    return private, private.sign(MESSAGE)


def made(name: Algorithm) -> tuple[CoseKey, bytes]:
    """A key of this kind, and its signature of the message."""
    match name:
        case "ES256" | "ESP256":
            private, signature = elliptic(ec.SECP256R1(), SHA256())
        case "ES384" | "ESP384":
            private, signature = elliptic(ec.SECP384R1(), SHA384())
        case "ES512" | "ESP512":
            private, signature = elliptic(ec.SECP521R1(), SHA512())
        case "EdDSA" | "Ed25519":
            private, signature = edwards(ed25519.Ed25519PrivateKey)
        case "Ed448":
            private, signature = edwards(ed448.Ed448PrivateKey)
        case "RS256":
            long = rsa.generate_private_key(65537, 2048)
            private, signature = long, long.sign(MESSAGE, padding.PKCS1v15(), SHA256())
    return cose(private, name), signature


@pytest.mark.conforms("NIST-ATT-1")
@pytest.mark.parametrize("name", get_args(Algorithm))
def test_every_kind_is_sound_and_signs(name: Algorithm) -> None:
    """A key of each kind shows that it is taken, and that only its own signature is its own."""
    key, signature = made(name)
    assert algorithm_of(key) == ALGORITHMS[name]
    assert is_sound(key)
    assert has_signed(stored(key), MESSAGE, signature)
    assert not has_signed(stored(key), MESSAGE + b"!", signature)
    assert not has_signed(stored(key), MESSAGE, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not has_signed(stored(made(name)[0]), MESSAGE, signature)


KEY = made("ES256")[0]
EDWARDS = made("EdDSA")[0]


def rsa_key(modulus: object, exponent: object = b"\x01\x00\x01") -> CoseKey:
    return CoseKey.parse({1: 3, 3: -257, -1: modulus, -2: exponent})


def with_bits(bits: int) -> bytes:
    number = (1 << bits - 1) + 1
    return number.to_bytes((bits + 7) // 8, "big")


@pytest.mark.parametrize(
    "key",
    [
        CoseKey.parse({**KEY, 1: 3}),
        CoseKey.parse({**KEY, 1: None}),
        CoseKey.parse({**KEY, -1: 2}),
        CoseKey.parse({**KEY, -2: bytes(32)}),
        CoseKey.parse({**KEY, -3: True}),
        CoseKey.parse({**KEY, -2: "x"}),
        CoseKey.parse({1: 2, 3: -7, -1: 1, -2: KEY[-2]}),
        CoseKey.parse({**EDWARDS, 1: 2}),
        CoseKey.parse({**EDWARDS, -1: 7}),
        CoseKey.parse({**EDWARDS, -2: b"short"}),
        rsa_key(with_bits(RSA_BITS.start - 1)),
        rsa_key(with_bits(RSA_BITS.stop)),
        rsa_key(with_bits(1_000_000)),
        rsa_key("n"),
        rsa_key(2**2047 + 1),
        rsa_key(with_bits(2048), b"\x02"),
        CoseKey.parse({1: 2, 3: -999}),
    ],
    ids=lambda key: f"kind {key[1]}, algorithm {key[3]}",  # the keys are new in each process
)
def test_other_keys_are_not_sound(key: CoseKey) -> None:
    """Keys off their curve, of another kind, too weak or too dear show that they are refused."""
    assert not is_sound(key)


class Agreeable(CoseKey):
    """A key that takes everything for its signature."""

    def verify(self, message: bytes, signature: bytes) -> None:
        del message, signature


def test_a_key_that_signs_nothing_is_not_sound() -> None:
    """A key by which nothing is a signature of nothing shows that it is refused."""
    assert not is_sound(Agreeable(KEY))


@given(st.binary(max_size=80))
def test_what_cannot_be_read_signed_nothing(noise: bytes) -> None:
    """Any bytes show that as a key or as a signature they verify nothing and raise nothing."""
    assert not has_signed(noise, MESSAGE, noise)
    assert not has_signed(stored(KEY), MESSAGE, noise)
    assert not has_signed(stored(EDWARDS), sha256(noise).digest(), noise)
