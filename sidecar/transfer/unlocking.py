"""Values of a PSKC document that are encrypted: opened with an agreed key, or with a passphrase.

What has no integrity of its own is not opened before its MAC is checked.
"""

import hashlib
import hmac
from base64 import b64decode
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from sidecar.transfer.containers import Entry
from sidecar.transfer.rows import Unfit

MAX_ITERATIONS: Final = 5_000_000
"""Some seconds of work; a file that asks for more would keep us from everything else."""

_HEAD: Final = "EncryptionKey"
_DERIVATION: Final = f"{_HEAD}/DerivedKey/KeyDerivationMethod"
_PBKDF2: Final = f"{_DERIVATION}/PBKDF2-params"
_DERIVED_FROM: Final = (
    f"{_DERIVATION}@Algorithm",
    f"{_PBKDF2}/PRF@Algorithm",
    f"{_PBKDF2}/Salt/Specified",
    f"{_PBKDF2}/IterationCount",
    f"{_PBKDF2}/KeyLength",
)
_HASHES: Final = MappingProxyType(
    {
        "hmac-sha1": "sha1",
        "hmac-sha224": "sha224",
        "hmac-sha256": "sha256",
        "hmac-sha384": "sha384",
        "hmac-sha512": "sha512",
    }
)
_CBC: Final = MappingProxyType({"aes128-cbc": 16, "aes192-cbc": 24, "aes256-cbc": 32})
_GCM: Final = MappingProxyType({"aes128-gcm": 16, "aes192-gcm": 24, "aes256-gcm": 32})
_WRAP: Final = MappingProxyType({"kw-aes128": 16, "kw-aes192": 24, "kw-aes256": 32})
_BLOCK_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_MOST_DIGITS: Final = 9
_WRONG: Final = "the key or passphrase is another one, or the file was changed"


@dataclass(slots=True)
class Opener:
    """Opens values with the key that whoever imports has; a derived one is kept for the rest."""

    shared: bytes = field(default=b"", repr=False)
    passphrase: str = field(default="", repr=False)
    _derived: dict[tuple[str, ...], bytes] = field(default_factory=dict, repr=False)

    def open(self, entry: Entry, path: str) -> bytes:
        """Return what the `EncryptedValue` at a path holds.

        Raises:
            Unfit: the key is not there or another one, or the value was changed.

        """
        key = self._key(entry)
        sealed = base64_of(entry, f"{path}/EncryptedValue/CipherData/CipherValue")
        algorithm = _algorithm(entry, f"{path}/EncryptedValue/EncryptionMethod")
        if algorithm in _CBC and not self._is_whole(entry, path, sealed, key):
            raise Unfit(_WRONG)
        return _opened(algorithm, key, sealed)

    def _is_whole(self, entry: Entry, path: str, sealed: bytes, key: bytes) -> bool:
        """Tell whether the MAC of a value is right. Source: RFC 6030 §6.1.1."""
        name = _HASHES.get(_algorithm(entry, "MACMethod"))
        if name is None or not entry.has(f"{path}/ValueMAC"):
            raise Unfit("it has no MAC that can be checked (ValueMAC): ask for another file")
        with_key = "MACMethod/MACKey"
        if entry.has(with_key):
            wrapped = base64_of(entry, f"{with_key}/CipherData/CipherValue")
            key = _opened(_algorithm(entry, f"{with_key}/EncryptionMethod"), key, wrapped)
        right = hmac.digest(key, sealed, name)
        return hmac.compare_digest(right, base64_of(entry, f"{path}/ValueMAC"))

    def _key(self, entry: Entry) -> bytes:
        if entry.has(f"{_HEAD}/X509Data"):
            raise Unfit("it is encrypted to a certificate: ask for a file with a key or passphrase")
        if not entry.has(_DERIVATION):
            if not self.shared:
                raise Unfit("its secret is encrypted: give the key that was agreed upon")
            return self.shared
        if not self.passphrase:
            raise Unfit("its secret is encrypted: give the passphrase")
        return self._from_passphrase(entry)

    def _from_passphrase(self, entry: Entry) -> bytes:
        said = tuple(entry.one(path) or "" for path in _DERIVED_FROM)
        if said not in self._derived:
            self._derived = {said: _derived(self.passphrase, entry)}
        return self._derived[said]


def base64_of(entry: Entry, path: str) -> bytes:
    """Return the bytes at a path.

    Raises:
        Unfit: nothing is there, or no base64.

    """
    text = "".join((entry.one(path) or "").split())
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise Unfit("it holds something that is no base64: ask for another file") from error
    if not data:
        raise Unfit("it holds no secret: export it again with the secrets")
    return data


def _derived(passphrase: str, entry: Entry) -> bytes:
    """Return the key of a passphrase. Source: RFC 8018 §5.2."""
    name = _HASHES.get(_algorithm(entry, f"{_PBKDF2}/PRF") or "hmac-sha1")
    iterations = _number(entry.one(f"{_PBKDF2}/IterationCount"))
    length = _number(entry.one(f"{_PBKDF2}/KeyLength"))
    if _algorithm(entry, _DERIVATION) != "pbkdf2" or name is None or length not in _WRAP.values():
        raise Unfit("its key is derived in a way that is not known here: ask for another file")
    if not 0 < iterations <= MAX_ITERATIONS:
        raise Unfit(f"its key takes more than {MAX_ITERATIONS} rounds: ask for another file")
    salt = base64_of(entry, f"{_PBKDF2}/Salt/Specified")
    return hashlib.pbkdf2_hmac(name, passphrase.encode(), salt, iterations, length)


def _opened(algorithm: str, key: bytes, sealed: bytes) -> bytes:
    """Return what a value holds."""
    length = {**_CBC, **_GCM, **_WRAP}.get(algorithm)
    if length is None:
        raise Unfit("it is encrypted in a way that is not known here: ask for one with AES")
    if len(key) != length:
        raise Unfit(f"the key has {len(key)} bytes, and the file wants {length}")
    try:
        if algorithm in _WRAP:
            return aes_key_unwrap(key, sealed)
        if algorithm in _GCM:
            nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return AESGCM(key).decrypt(nonce, rest, None)
        return _from_blocks(key, sealed)
    except (InvalidTag, InvalidUnwrap, ValueError) as error:
        raise Unfit(_WRONG) from error


def _from_blocks(key: bytes, sealed: bytes) -> bytes:
    """Return what blocks hold; only the last byte of the padding says something.

    Source: XML Encryption 1.1 §5.2.
    """
    first, rest = sealed[:_BLOCK_BYTES], sealed[_BLOCK_BYTES:]
    cipher = Cipher(algorithms.AES(key), modes.CBC(first)).decryptor()
    plain = cipher.update(rest) + cipher.finalize()
    if not plain or not 0 < plain[-1] <= _BLOCK_BYTES:
        raise ValueError("the padding is none")
    return plain[: -plain[-1]]


def _algorithm(entry: Entry, path: str) -> str:
    """Return the name of an algorithm, without the document that defines it."""
    return (entry.one(f"{path}@Algorithm") or "").rpartition("#")[2].lower()


def _number(text: str | None) -> int:
    plain = text or ""
    known = plain.isascii() and plain.isdigit() and len(plain) <= _MOST_DIGITS
    return int(plain) if known else 0
