"""What an authenticator proves about its make, and whether that is enough.

Source: WebAuthn L3 §7.1 steps 21 to 24, §8; NIST 800-63B §3.2.4 (ATT-1).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from fido2.attestation.apple import AppleAttestation
from fido2.attestation.base import Attestation, NoneAttestation
from fido2.attestation.packed import PackedAttestation
from fido2.attestation.tpm import TpmAttestation
from fido2.attestation.u2f import FidoU2FAttestation

from ._answers import Registration
from ._chains import Chain, anchored, certificates
from ._metadata import Metadata
from ._models import MODELS

Conveyance = Literal["none", "indirect", "direct", "enterprise"]

DEMANDED: Final = frozenset({"direct", "enterprise"})
FORMATS: Final[dict[str, Attestation]] = {
    "none": NoneAttestation(),
    "packed": PackedAttestation(),
    "fido-u2f": FidoU2FAttestation(),
    "tpm": TpmAttestation(),
    "apple": AppleAttestation(),
}
RS1: Final = -65535
"""RSA with SHA-1, which forgers can collide."""


@dataclass(frozen=True, slots=True)
class Make:
    """What is known of an authenticator's make."""

    name: str
    format: str
    trusted: bool
    """Its maker vouches for it; otherwise this is what it says of itself."""


class Trust:
    """The policy about makes."""

    def __init__(self, conveyance: Conveyance, metadata: Metadata | None) -> None:
        self._conveyance = conveyance
        self._metadata = metadata

    def judge(self, registration: Registration, at: datetime) -> Make | None:
        """Return the make; None: its statement is false, its model broken, or trust is missing."""
        path = () if self._conveyance == "none" else _path(registration)
        if path is None:
            return None
        aaguid = registration.made.aaguid
        model = self._metadata.find(aaguid, path) if self._metadata else None
        if model is not None and model.broken:
            return None
        trusted = model is not None and anchored(path, model.roots, at)
        if self._conveyance in DEMANDED and not trusted:
            return None
        name = model.name if model else MODELS.get(str(aaguid), "")
        return Make(name, registration.attestation.fmt, trusted)


def _path(registration: Registration) -> Chain | None:
    """Return the certificates that a true statement brings, none where it proves no make.

    A statement in a format that is not read proves nothing; None: the statement is false.
    """
    told = registration.attestation
    if told.fmt not in FORMATS:
        return ()
    try:
        if told.att_stmt.get("alg") == RS1:
            return None
        result = FORMATS[told.fmt].verify(told.att_stmt, told.auth_data, registration.client_hash)
        return certificates(result.trust_path)
    except Exception:  # noqa: BLE001 - whatever a forged statement provokes where it is read
        return None
