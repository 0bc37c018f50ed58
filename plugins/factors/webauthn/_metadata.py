"""What makers say of their models: names, roots and known faults, from a FIDO metadata file.

Source: FIDO Metadata Service v3.1 §3.1.7 (the signed file), §3.1.4 (status of a model).
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.mds3 import (
    AuthenticatorStatus,
    MetadataBlobPayload,
    MetadataBlobPayloadEntry,
    parse_blob,
)

from ._base64url import decoded
from ._chains import Chain, anchored, certificate, certificates, is_named

ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "RS256", "EdDSA"})
BROKEN: Final = frozenset(
    {
        AuthenticatorStatus.REVOKED,
        AuthenticatorStatus.ATTESTATION_KEY_COMPROMISE,
        AuthenticatorStatus.USER_KEY_REMOTE_COMPROMISE,
        AuthenticatorStatus.USER_KEY_PHYSICAL_COMPROMISE,
        AuthenticatorStatus.USER_VERIFICATION_BYPASS,
    }
)
"""Whoever has such a key proves less than the key says, or nothing."""


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of authenticator."""

    name: str
    roots: Chain
    broken: bool


class Metadata:
    """The models of one metadata file, read once."""

    def __init__(self, entries: Iterable[MetadataBlobPayloadEntry]) -> None:
        self._by_aaguid: dict[bytes, Model] = {}
        self._by_key: dict[bytes, Model] = {}
        for entry in entries:
            model = _model(entry)
            if entry.aaguid:
                self._by_aaguid[bytes(entry.aaguid)] = model
            for key in entry.attestation_certificate_key_identifiers or ():
                self._by_key[key] = model

    def find(self, aaguid: bytes, path: Chain) -> Model | None:
        """Return the model; those of U2F have no number and are known by their certificates."""
        if any(aaguid):
            return self._by_aaguid.get(aaguid)
        keys = (
            x509.SubjectKeyIdentifier.from_public_key(item.public_key()).digest for item in path
        )
        return next((self._by_key[key] for key in keys if key in self._by_key), None)


def read_metadata(path: Path, root: Path, signer: str) -> Metadata:
    """Return what a metadata file says, once it is known who says it.

    When its certificates expire is not asked: what was said stays said.

    Raises:
        ValueError: a file is missing or broken, or the metadata are not signed by the signer.

    """
    blob, trusted = _read(path).strip(), _root(root)
    try:
        return Metadata(_verified(blob, trusted, signer).entries)
    except Exception as error:
        # It is the operator's to mend, whatever a broken file provokes in a parser.
        said = str(error) or type(error).__name__
        raise ValueError(f"metadata {path} cannot be trusted: {said}") from error


def _verified(blob: bytes, root: x509.Certificate, signer: str) -> MetadataBlobPayload:
    header = json.loads(decoded(blob.split(b".")[0].decode()))
    chain = certificates(b64decode(text) for text in header["x5c"])
    if header["alg"] not in ALGORITHMS or not is_named(chain[0], signer):
        raise ValueError(f"{signer} did not sign it")
    if not anchored(chain, (root,), None):
        raise ValueError("its certificates do not lead to metadata_root")
    return parse_blob(blob, root.public_bytes(Encoding.DER))


def _model(entry: MetadataBlobPayloadEntry) -> Model:
    statement = entry.metadata_statement
    return Model(
        name=statement.description if statement else "",
        roots=tuple(_readable(statement.attestation_root_certificates)) if statement else (),
        broken=any(report.status in BROKEN for report in entry.status_reports),
    )


def _readable(roots: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """Yield the roots that can be read; of the others nothing is trusted."""
    for der in roots:
        with suppress(ValueError):
            yield certificate(der)


def _root(path: Path) -> x509.Certificate:
    """Return the certificate of a file in PEM or DER."""
    data = _read(path)
    pem = data.lstrip().startswith(b"-----BEGIN")
    try:
        return x509.load_pem_x509_certificate(data) if pem else certificate(data)
    except ValueError as error:
        raise ValueError(f"metadata_root {path} is no certificate") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
