"""Certificates for tests, made when they are needed and valid for an hour."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_signed(folder: Path, *hosts: str, name: str = "test", expired: bool = False) -> Path:
    """Return a PEM file with a certificate for 127.0.0.1 and the hosts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC) - timedelta(days=expired)
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address("127.0.0.1"))]
    names += [x509.DNSName(host) for host in hosts]
    made = (
        x509.CertificateBuilder(issuer, issuer, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _written(folder / f"{name}.pem", made, key)


class Authority:
    """Signs certificates of clients; made for one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = self._begun(name, name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.path = folder / f"{name}.pem"
        """Its own certificate, for whoever is to trust it."""
        self.path.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )

    def client(
        self, *names: x509.GeneralName, common_name: str = "client", expired: bool = False
    ) -> Path:
        """Return a PEM file with the certificate of a client under these names, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        begun = self._begun(common_name, self._name, key, expired=expired)
        if names:
            begun = begun.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = begun.sign(self._key, hashes.SHA256())
        path = self._folder / f"{self._name}-{made.serial_number:x}.pem"
        return _written(path, made, key)

    @staticmethod
    def _begun(
        name: str, issuer: str, key: ec.EllipticCurvePrivateKey, *, expired: bool = False
    ) -> x509.CertificateBuilder:
        subject, by = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)
        )
        now = datetime.now(UTC) - timedelta(days=expired)
        return (
            x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )


def _written(path: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
    pem = serialization.Encoding.PEM
    path.write_bytes(
        made.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
