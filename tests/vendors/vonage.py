"""Vonage's Messages API, version 1, as it is documented: what it checks, and what it answers."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from sidecar.core.messages import Callback
from tests.vendors.peer import Heard, answer

APPLICATION = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
SIGNATURE_SECRET = "a-signature-secret-of-the-account"
TYPE = "https://developer.vonage.com/api-errors"


@cache
def private_key() -> str:
    """Return the application's private key in PEM form."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@dataclass(slots=True)
class VonageServer:
    """The messages it took, by UUID; `now` is when tokens must be valid."""

    now: float
    taken: dict[str, dict[str, object]] = field(default_factory=dict)

    def __call__(self, heard: Heard) -> bytes:
        if (heard.method, heard.target) != ("POST", "/v1/messages"):
            return problem(404, f"{TYPE}#not-found")
        if not self._is_ours(heard.header("Authorization").removeprefix("Bearer ")):
            return problem(401, f"{TYPE}#unauthorized")
        if heard.header("Content-Type") != "application/json":
            return problem(415, f"{TYPE}#unsupported")
        said = json.loads(heard.body)
        wrong = [name for name in ("to", "from") if not str(said.get(name, "")).isalnum()]
        wrong += [name for name in ("message_type", "channel", "text") if not said.get(name)]
        if said["to"].startswith("+") or wrong:
            return problem(422, f"{TYPE}/messages#1150", *(wrong or ["to"]))
        uuid = f"aaaaaaaa-bbbb-cccc-dddd-{len(self.taken):012x}"
        self.taken[uuid] = said
        return answer(202, json.dumps({"message_uuid": uuid}))

    def _is_ours(self, token: str) -> bool:
        try:
            claims = jwt.decode(
                token, RSAKey.import_key(private_key()), algorithms=["RS256"]
            ).claims
        except (JoseError, ValueError):
            return False
        fresh = claims["iat"] <= self.now < claims["exp"] <= claims["iat"] + 900
        return bool(claims["application_id"] == APPLICATION and claims["jti"] and fresh)


def problem(status: int, kind: str, *wrong: str) -> bytes:
    """Return an error in the form of RFC 9457; its text repeats the number."""
    told: dict[str, object] = {"type": kind, "title": "Refused", "detail": "+4915100000042"}
    if wrong:
        told["invalid_parameters"] = [{"name": name, "reason": "+4915100000042"} for name in wrong]
    return answer(status, json.dumps(told), "Content-Type: application/problem+json")


def callback(
    url: str,
    uuid: str,
    status: str,
    at: float,
    *,
    secret: str = SIGNATURE_SECRET,
    body: bytes = b"",
    **claims: object,
) -> Callback:
    """Return a status callback, signed as documented; `body` replaces the one that was signed."""
    problem = {"type": f"{TYPE}/messages#1190", "title": 1190}
    told = {"message_uuid": uuid, "status": status, "channel": "sms", "to": "4915100000042"}
    said = json.dumps(told | ({"error": problem} if status == "undeliverable" else {})).encode()
    signed = {
        "iat": int(at),
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(said).hexdigest(),
        "api_key": "a1b2c3d",
        "application_id": APPLICATION,
    }
    key = OctKey.import_key(secret)
    token = jwt.encode({"alg": "HS256", "typ": "JWT"}, {**signed, **claims}, key)
    return Callback("POST", url, ((b"Authorization", f"Bearer {token}".encode()),), body or said)
