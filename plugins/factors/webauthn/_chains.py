"""Whether certificates lead from a key to somebody who is trusted."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

MAX_CERTIFICATES: Final = 8
MIN_RSA_BITS: Final = 2048
MIN_CURVE_BITS: Final = 224
MIN_DIGEST_BYTES: Final = 28
"""Source: NIST 800-63B §3.2.4 (ATT-1: 112 bits of security), 800-131A §3 and §9 (no SHA-1)."""

Chain = tuple[x509.Certificate, ...]


def certificates(ders: Iterable[bytes]) -> Chain:
    """Return the certificates, leaf first.

    Raises:
        ValueError: one cannot be read, or they are more than anybody needs.

    """
    chain = tuple(ders)
    if len(chain) > MAX_CERTIFICATES:
        raise ValueError("too many certificates")
    return tuple(map(certificate, chain))


def certificate(der: bytes) -> x509.Certificate:
    """Return the certificate, every part of which can be read.

    Raises:
        ValueError: some cannot.

    """
    found = x509.load_der_x509_certificate(der)
    try:
        found.public_key(), found.extensions, found.signature_hash_algorithm
    except (UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise ValueError("a certificate of an unknown kind") from error
    return found


def anchored(chain: Chain, roots: Chain, at: datetime | None) -> bool:
    """Tell whether the chain leads to a root, each by the next, with strong keys all the way.

    `at` is when it must be valid; None: whenever. Names beyond issuers are the caller's to judge.
    Source: RFC 5280 §6.1, without policies and revocation, which attestations do not use.
    """
    for position, item in enumerate(chain):
        if not _is_strong(item) or not _is_valid(item, at):
            return False
        if item in roots or any(_issued(item, root) for root in roots):
            return True
        above = chain[position + 1 : position + 2]
        if not above or not _may_issue(above[0], position) or not _issued(item, above[0]):
            return False
    return False


def is_named(item: x509.Certificate, name: str) -> bool:
    """Tell whether the certificate was given to the holder of a DNS name."""
    try:
        names = item.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    return name in names.value.get_values_for_type(x509.DNSName)


def _issued(item: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        item.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    """Tell whether it is an authority's, with at most so many authorities below it."""
    try:
        limits = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    return limits.ca and (limits.path_length is None or below <= limits.path_length)


def _is_valid(item: x509.Certificate, at: datetime | None) -> bool:
    return at is None or item.not_valid_before_utc <= at <= item.not_valid_after_utc


def _is_strong(item: x509.Certificate) -> bool:
    digest = item.signature_hash_algorithm
    if digest is not None and digest.digest_size < MIN_DIGEST_BYTES:
        return False
    match item.public_key():
        case rsa.RSAPublicKey(key_size=bits):
            return bits >= MIN_RSA_BITS
        case ec.EllipticCurvePublicKey(key_size=bits):
            return bits >= MIN_CURVE_BITS
        case dsa.DSAPublicKey():
            return False
        case _:
            return True
