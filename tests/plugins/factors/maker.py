"""A maker of keys in software: its root, what it says of its models, and who signs that."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation.packed import OID_AAGUID

from plugins.factors.webauthn._base64url import encoded
from sidecar.conformance.softkey import Manner, SoftKey, client_data
from sidecar.core.model import Prompt, Response

MODEL: Final = bytes.fromhex("a1b2c3d4000000000000000000000001")
SIGNER: Final = "mds.fidoalliance.org"
START: Final = datetime(2020, 1, 1, tzinfo=UTC)
END: Final = datetime(2040, 1, 1, tzinfo=UTC)

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    words = {
        x509.NameOID.COUNTRY_NAME: "DE",
        x509.NameOID.ORGANIZATION_NAME: "Harbour Keys",
        x509.NameOID.ORGANIZATIONAL_UNIT_NAME: "Authenticator Attestation",
        x509.NameOID.COMMON_NAME: common,
    }
    return x509.Name([x509.NameAttribute(oid, word) for oid, word in words.items()])


class Authority:
    """Somebody who vouches for keys."""

    def __init__(
        self,
        common: str = "Root",
        *,
        above: "Authority | None" = None,
        private: Private | None = None,
        ca: bool = True,
        depth: int | None = None,
        digest: SHA256 | SHA384 | None = None,
        until: datetime = END,
        extensions: tuple[x509.ExtensionType, ...] = (),
    ) -> None:
        self.private = private or key()
        issuer = above or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(common))
            .issuer_name(name(common) if above is None else above.certificate.subject)
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=depth), critical=True)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        self.certificate: x509.Certificate = builder.sign(issuer.private, digest or SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def model_extension(aaguid: bytes = MODEL) -> x509.ExtensionType:
    return x509.UnrecognizedExtension(OID_AAGUID, b"\x04\x10" + aaguid)


class Maker:
    """Makes keys of one model, each of which can show it."""

    def __init__(self, aaguid: bytes = MODEL) -> None:
        self.aaguid = aaguid
        self.root = Authority("Harbour Keys Root")
        self.batch = Authority(
            "Batch 1", above=self.root, ca=False, extensions=(model_extension(aaguid),)
        )

    def create(self, soft: SoftKey, prompt: Prompt, **lies: Any) -> Response:  # noqa: ANN401 - `Manner`
        """Return a registration that the maker's key has signed."""
        how = replace(soft.manner, **{"aaguid": self.aaguid, "format": "packed", **lies})
        asked = json.loads(str(prompt.data["options"]))
        client = client_data(how, "webauthn.create", asked["challenge"])
        data = soft.registration_data(how, asked["rp"]["id"])
        soft.count -= 1
        signed = self.batch.private.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))  # type: ignore[call-arg,arg-type]  # a batch has a key on a curve
        statement = {"alg": -7, "sig": signed, "x5c": [self.batch.der], **how.statement}
        return soft.create(prompt, **{"aaguid": self.aaguid, **lies, **_told(how, statement)})

    def entry(self, *statuses: str, aaguid: bytes | None = None) -> dict[str, object]:
        """Return what a metadata file says of the model."""
        model = self.aaguid if aaguid is None else aaguid
        dashed = str(UUID(bytes=model))
        return {
            "aaguid": dashed,
            "statusReports": [{"status": status} for status in statuses or ("FIDO_CERTIFIED",)],
            "timeOfLastStatusChange": "2026-01-01",
            "metadataStatement": {
                "aaguid": dashed,
                "description": "Harbour Key 1",
                "authenticatorVersion": 1,
                "schema": 3,
                "upv": [{"major": 1, "minor": 0}],
                "attestationTypes": ["basic_full"],
                "userVerificationDetails": [[{"userVerificationMethod": "presence_internal"}]],
                "keyProtection": ["hardware"],
                "matcherProtection": ["on_chip"],
                "attachmentHint": ["external"],
                "tcDisplay": [],
                "attestationRootCertificates": [b64encode(self.root.der).decode()],
            },
        }


def _told(how: Manner, statement: Mapping[str, object]) -> dict[str, object]:
    return {"format": how.format, "statement": statement}


class Service:
    """Whoever publishes metadata, under a public root."""

    def __init__(self, signer: str = SIGNER) -> None:
        self.root = Authority("Public Root")
        self.middle = Authority("Public Issuer", above=self.root, depth=0)
        self.leaf = self.signing(signer)

    def signing(self, signer: str) -> Authority:
        named = x509.SubjectAlternativeName([x509.DNSName(signer)])
        return Authority("Signer", above=self.middle, ca=False, extensions=(named,))

    def blob(self, *entries: Mapping[str, object], **header: object) -> bytes:
        """Return a signed metadata file (FIDO MDS3)."""
        x5c = [b64encode(item.der).decode() for item in (self.leaf, self.middle)]
        head = {"alg": "ES256", "typ": "JWT", "x5c": x5c, **header}
        payload = {
            "legalHeader": "-",
            "no": 1,
            "nextUpdate": "2026-04-01",
            "entries": list(entries),
        }
        signed = b".".join(encoded(json.dumps(part).encode()).encode() for part in (head, payload))
        private = self.leaf.private
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        signature = private.sign(signed, ec.ECDSA(SHA256()))
        return signed + b"." + encoded(signature).encode()

    def write(self, folder: Path, *entries: Mapping[str, object]) -> dict[str, Any]:
        """Return the options that name these metadata, in files."""
        (folder / "blob.jwt").write_bytes(self.blob(*entries) + b"\n")
        pem = self.root.certificate.public_bytes(Encoding.PEM)
        (folder / "root.pem").write_bytes(pem)
        return {
            "metadata": str(folder / "blob.jwt"),
            "metadata_root": str(folder / "root.pem"),
        }
