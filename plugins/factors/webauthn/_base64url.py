"""Bytes as WebAuthn writes them in JSON: base64url without padding (RFC 4648 §5)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes of a text, each of which has one spelling.

    Raises:
        ValueError: it is padded, has foreign characters, or bits that mean nothing.

    """
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(data) != text:
        raise ValueError("not the base64url of anything")
    return data
