"""AWS KMS and Secrets Manager (AWS JSON 1.1), one operation each, requests signed."""

import base64
import json
from dataclasses import dataclass, field

from tests.vendors.peer import Heard, answer
from tests.vendors.sigv4 import is_signed

FORM = "application/x-amz-json-1.1"


@dataclass(slots=True)
class AwsServer:
    """Which calls were heard; what they find is theirs who set it up."""

    plain: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """By ciphertext in base64 and context in JSON."""
    secrets: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    """By id and staging label."""
    key: str = "alias/sidecar"

    def __call__(self, heard: Heard) -> bytes:
        if (heard.method, heard.target, heard.header("Content-Type")) != ("POST", "/", FORM):
            return problem("UnknownOperationException")
        asked = json.loads(heard.body)
        match heard.header("X-Amz-Target"):
            case "TrentService.Decrypt":
                return self._decrypt(asked) if is_signed(heard, "kms") else UNSIGNED
            case "secretsmanager.GetSecretValue":
                return self._value(asked) if is_signed(heard, "secretsmanager") else UNSIGNED
        return problem("UnknownOperationException")

    def _decrypt(self, asked: dict[str, object]) -> bytes:
        if asked.get("KeyId", self.key) != self.key:
            return problem("IncorrectKeyException")
        context = json.dumps(asked.get("EncryptionContext", {}), sort_keys=True)
        plain = self.plain.get((str(asked["CiphertextBlob"]), context))
        if plain is None:
            return problem("InvalidCiphertextException")
        return told({"KeyId": self.key, "Plaintext": base64.b64encode(plain).decode()})

    def _value(self, asked: dict[str, object]) -> bytes:
        stage = str(asked.get("VersionStage", "AWSCURRENT"))
        found = self.secrets.get((str(asked["SecretId"]), stage))
        return problem("ResourceNotFoundException") if found is None else told(found)


def told(content: dict[str, object]) -> bytes:
    return answer(200, json.dumps(content), f"Content-Type: {FORM}")


def problem(code: str, status: int = 400) -> bytes:
    """Return an error; its text names what was asked for, as Amazon's do."""
    content = {"__type": code, "message": "arn:aws:kms:eu-central-1:111122223333:key/sidecar …"}
    return answer(status, json.dumps(content), f"Content-Type: {FORM}")


UNSIGNED = problem("InvalidSignatureException", 403)
