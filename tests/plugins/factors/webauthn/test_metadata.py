"""Twin of plugins/factors/webauthn/_metadata.py."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from plugins.factors.webauthn._metadata import Metadata, Model, read_metadata
from tests.plugins.factors.keys import webauthn
from tests.plugins.factors.maker import MODEL, SIGNER, Authority, Maker, Service

MAKER, SERVICE = Maker(), Service()


def read(folder: Path, blob: bytes, root: bytes | None = None, signer: str = SIGNER) -> Metadata:
    (folder / "blob").write_bytes(blob)
    (folder / "root").write_bytes(SERVICE.root.der if root is None else root)
    return read_metadata(folder / "blob", folder / "root", signer)


def test_a_signed_file_names_models(tmp_path: Path) -> None:
    """Metadata show name, roots and faults of each model, from a root in PEM as in DER."""
    blob = SERVICE.blob(MAKER.entry())
    pem = SERVICE.root.certificate.public_bytes(Encoding.PEM)
    for found in (read(tmp_path, blob), read(tmp_path, blob + b"\n", pem)):
        model = found.find(MODEL, ())
        assert model == Model("Harbour Key 1", (MAKER.root.certificate,), broken=False)
        assert found.find(b"\1" * 16, ()) is None


@pytest.mark.parametrize(
    ("status", "broken"),
    [
        ("FIDO_CERTIFIED_L2", False),
        ("UPDATE_AVAILABLE", False),
        ("SOMETHING_NEW", False),
        ("REVOKED", True),
        ("ATTESTATION_KEY_COMPROMISE", True),
        ("USER_KEY_REMOTE_COMPROMISE", True),
        ("USER_KEY_PHYSICAL_COMPROMISE", True),
        ("USER_VERIFICATION_BYPASS", True),
    ],
)
def test_a_broken_model_stays_broken(tmp_path: Path, status: str, broken: bool) -> None:
    """Each published status shows whether keys of the model still prove what they say."""
    blob = SERVICE.blob(MAKER.entry("FIDO_CERTIFIED", status, "FIDO_CERTIFIED_L1"))
    found = read(tmp_path, blob).find(MODEL, ())
    assert found is not None
    assert found.broken is broken


def test_models_without_a_number_are_known_by_their_certificates(tmp_path: Path) -> None:
    """A U2F model shows that the key in its certificate names it."""
    key = x509.SubjectKeyIdentifier.from_public_key(MAKER.batch.private.public_key()).digest
    entry = {**MAKER.entry(), "attestationCertificateKeyIdentifiers": [key.hex()]}
    del entry["aaguid"]
    found = read(tmp_path, SERVICE.blob(entry))
    assert found.find(bytes(16), (MAKER.batch.certificate,)) is not None
    assert found.find(bytes(16), (MAKER.root.certificate,)) is None
    assert found.find(MODEL, (MAKER.batch.certificate,)) is None


def test_a_model_may_have_no_statement_or_roots_that_nobody_reads(tmp_path: Path) -> None:
    """Entries with less than everything show that they are known, and trusted for nothing."""
    bare = MAKER.entry("REVOKED")
    del bare["metadataStatement"]
    odd: dict[str, Any] = MAKER.entry(aaguid=b"\2" * 16)
    odd["metadataStatement"]["attestationRootCertificates"] = [b64encode(b"noise").decode()]
    found = read(tmp_path, SERVICE.blob(bare, odd))
    assert found.find(MODEL, ()) == Model("", (), broken=True)
    assert found.find(b"\2" * 16, ()) == Model("Harbour Key 1", (), broken=False)


def forged(blob: bytes) -> bytes:
    head, _, signature = blob.split(b".")
    other = SERVICE.blob(MAKER.entry(aaguid=b"\3" * 16)).split(b".")[1]
    return b".".join((head, other, signature))


def by_another(_: bytes) -> bytes:
    return Service().blob(MAKER.entry())


def by_a_neighbour(_: bytes) -> bytes:
    """Signed rightly, by somebody else whom the same public root vouches for."""
    own, SERVICE.leaf = SERVICE.leaf, SERVICE.signing("shop.example.com")
    try:
        return SERVICE.blob(MAKER.entry())
    finally:
        SERVICE.leaf = own


def by_an_impostor(_: bytes) -> bytes:
    """Signed by a certificate that the neighbour made with a key that may not issue."""
    neighbour, own = SERVICE.signing("shop.example.com"), SERVICE.leaf
    named = x509.SubjectAlternativeName([x509.DNSName(SIGNER)])
    fake = Authority("Fake", above=neighbour, ca=False, extensions=(named,))
    SERVICE.leaf = fake
    chain = [fake, neighbour, SERVICE.middle]
    try:
        return SERVICE.blob(MAKER.entry(), x5c=[b64encode(item.der).decode() for item in chain])
    finally:
        SERVICE.leaf = own


@pytest.mark.conforms("ASVS-6.7.1")
@pytest.mark.parametrize(
    "change",
    [
        forged,
        by_another,
        by_a_neighbour,
        by_an_impostor,
        lambda blob: blob[:-4] + b"AAAA",
        lambda blob: b".".join(blob.split(b".")[:2]) + b".",
        lambda _: SERVICE.blob(MAKER.entry(), alg="none"),
        lambda _: SERVICE.blob(MAKER.entry(), alg="RS256"),
        lambda _: SERVICE.blob(MAKER.entry(), x5c=[]),
        lambda _: SERVICE.blob(MAKER.entry(), x5c=["noise"]),
        lambda _: SERVICE.blob({"aaguid": 5}),
        lambda _: b"",
        lambda _: b"\xff\xfe",
    ],
)
def test_metadata_that_were_changed_are_a_fault_at_start(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """Forged, foreign and broken files show that nothing in them is believed."""
    with pytest.raises(ValueError, match=r"metadata .*blob cannot be trusted"):
        read(tmp_path, change(SERVICE.blob(MAKER.entry())))


def test_files_that_are_missing_are_a_fault_at_start(tmp_path: Path) -> None:
    """A missing file and a root that is none show which file it is."""
    options = SERVICE.write(tmp_path, MAKER.entry())
    assert webauthn(**options).traits.proves
    with pytest.raises(ValueError, match=r"gone cannot be read: No such file"):
        webauthn(**{**options, "metadata": str(tmp_path / "gone")})
    for noise in (b"noise", b"-----BEGIN CERTIFICATE-----\n"):
        with pytest.raises(ValueError, match="root is no certificate"):
            read(tmp_path, SERVICE.blob(), noise)


@pytest.mark.conforms("ASVS-6.7.1")
def test_a_file_is_read_once(tmp_path: Path) -> None:
    """Files that change later show that a running sidecar believes what it read at start."""
    found = read(tmp_path, SERVICE.blob(MAKER.entry()))
    (tmp_path / "blob").unlink()
    (tmp_path / "root").unlink()
    assert found.find(MODEL, ()) is not None
