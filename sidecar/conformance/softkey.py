"""A security key and its browser in software: honest, unless a test tells it to lie."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256, CoseKey
from fido2.utils import websafe_decode as decoded
from fido2.utils import websafe_encode as encoded
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from sidecar.conformance.case import Seen
from sidecar.core.model import Prompt, Response

ORIGIN: Final = "https://shop.example.com"
FLAG: Final = AuthenticatorData.FLAG


@dataclass(frozen=True, slots=True)
class Manner:
    """How a key and its browser answer; what is None they find in what they are asked."""

    origin: str = ORIGIN
    type: str | None = None
    challenge: str | None = None
    client: Mapping[str, object] = field(default_factory=dict)
    """More members of the client data."""
    rp_id: str | None = None
    up: bool = True
    uv: bool = True
    be: bool = False
    bs: bool = False
    count: int | None = None
    aaguid: bytes = bytes(16)
    credential_id: bytes | None = None
    attested: bool = True
    extensions: Mapping[str, object] | None = None
    cose: Mapping[int, object] | None = None
    format: str = "none"
    statement: Mapping[str, object] = field(default_factory=dict)
    user_handle: bytes | None = None
    signature: bytes | None = None
    transports: tuple[str, ...] = ("usb", "nfc")
    outputs: Mapping[str, object] = field(default_factory=lambda: {"credProps": {"rk": True}})
    id: str | None = None
    members: Mapping[str, object] = field(default_factory=dict)
    """More members of the response."""


class SoftKey:
    """One credential, which is for the person and the rp_id that it was made for."""

    def __init__(self, **manner: Any) -> None:  # noqa: ANN401 - the fields of `Manner`
        self.manner = Manner(**manner)
        self.private: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.credential_id = token_bytes(32)
        self.user_handle = b""
        self.count = 0

    def create(self, prompt: Prompt, **lies: Any) -> Response:  # noqa: ANN401 - the same
        """Return what a browser posts when the person makes a key."""
        how, asked = replace(self.manner, **lies), _asked(prompt)
        self.user_handle = decoded(asked["user"]["id"])
        client = client_data(how, "webauthn.create", asked["challenge"])
        data = self.registration_data(how, asked["rp"]["id"])
        attested = AttestationObject.create(how.format, data, how.statement)
        inner = {"attestationObject": encoded(attested), "transports": list(how.transports)}
        return self._posted(how, client, inner)

    def get(self, prompt: Prompt, **lies: Any) -> Response:  # noqa: ANN401 - the same
        """Return what a browser posts when the person uses the key."""
        how, asked = replace(self.manner, **lies), _asked(prompt)
        client = client_data(how, "webauthn.get", asked["challenge"])
        data = self._data(how, asked["rpId"])
        signed = self.private.sign(data + sha256(client).digest(), ECDSA(SHA256()))
        handle = self.user_handle if how.user_handle is None else how.user_handle
        inner = {
            "authenticatorData": encoded(data),
            "signature": encoded(signed if how.signature is None else how.signature),
            "userHandle": encoded(handle),
        }
        return self._posted(how, client, inner)

    def registration_data(self, how: Manner, rp_id: str) -> AuthenticatorData:
        cose = CoseKey(how.cose) if how.cose else ES256.from_cryptography_key(self._public())  # type: ignore[no-untyped-call]  # of the library
        made = AttestedCredentialData.create(how.aaguid, self._id(how), cose)
        return self._data(how, rp_id, made if how.attested else b"")

    def _public(self) -> object:
        return self.private.public_key()

    def _id(self, how: Manner) -> bytes:
        return self.credential_id if how.credential_id is None else how.credential_id

    def _data(self, how: Manner, rp_id: str, made: bytes = b"") -> AuthenticatorData:
        self.count += 1
        data: AuthenticatorData = AuthenticatorData.create(
            sha256((how.rp_id or rp_id).encode()).digest(),
            FLAG(
                how.up * FLAG.UP
                | how.uv * FLAG.UV
                | how.be * FLAG.BE
                | how.bs * FLAG.BS
                | bool(made) * FLAG.AT
                | (how.extensions is not None) * FLAG.ED
            ),
            self.count if how.count is None else how.count,
            made,
            how.extensions,
        )
        return data

    def _posted(self, how: Manner, client: bytes, inner: Mapping[str, object]) -> Response:
        name = encoded(self._id(how))
        document = {
            "id": name if how.id is None else how.id,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": how.outputs,
            "response": {"clientDataJSON": encoded(client), **inner, **how.members},
        }
        return {"credential": json.dumps(document)}


class KeyInHand:
    """The key as conformance checks use one."""

    pace = timedelta(0)

    def __init__(self, **manner: Any) -> None:  # noqa: ANN401 - the same
        self._key = SoftKey(**manner)

    def enroll(self, seen: Seen) -> Response:
        return self._key.create(seen.prompt, origin=seen.origin)

    def answer(self, seen: Seen) -> Response:
        return self._key.get(seen.prompt, origin=seen.origin)

    def wrong(self, seen: Seen) -> Response:
        if seen.prompt.kind == "webauthn_enrollment":
            return SoftKey().create(seen.prompt, origin="https://evil.example.com")
        return SoftKey(credential_id=self._key.credential_id).get(seen.prompt, origin=seen.origin)

    def secrets(self) -> tuple[str, ...]:
        number = self._key.private.private_numbers().private_value
        return f"{number:x}", str(number), encoded(number.to_bytes(32, "big"))


def client_data(how: Manner, kind: str, challenge: str) -> bytes:
    members = {
        "type": how.type or kind,
        "challenge": how.challenge or challenge,
        "origin": how.origin,
        "crossOrigin": False,
        **how.client,
    }
    return json.dumps(members, separators=(",", ":")).encode()


def _asked(prompt: Prompt) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(str(prompt.data["options"]))
    return asked
