"""The API server of Kubernetes, as far as it gives Secrets to service accounts."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.vendors.peer import Heard, answer

TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.the-service-account.signature"
SPACE = "shop"


@dataclass(slots=True)
class ApiServer:
    """The Secrets by namespace and name; those `allowed` may be got, by name, by the account."""

    secrets: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    allowed: set[tuple[str, str]] = field(default_factory=set)

    def __call__(self, heard: Heard) -> bytes:
        if heard.header("Authorization") != f"Bearer {TOKEN}":
            return status(401, "Unauthorized")
        match heard.method, heard.target.split("/"):
            case "GET", ["", "api", "v1", "namespaces", space, "secrets", name]:
                return self._secret(space, name)
        return status(404, "NotFound")

    def _secret(self, space: str, name: str) -> bytes:
        if (space, name) not in self.allowed:
            return status(403, "Forbidden")
        found = self.secrets.get((space, name))
        if found is None:
            return status(404, "NotFound")
        data = {key: base64.b64encode(value).decode() for key, value in found.items()}
        told = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name}, "type": "Opaque"}
        return answer(200, json.dumps({**told, "data": data}), "Content-Type: application/json")


def status(code: int, reason: str) -> bytes:
    """Return a failure as the API server words it."""
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "secrets …"}
    return answer(code, json.dumps({**told, "reason": reason, "code": code}))


def account(folder: Path, certificate: Path) -> Path:
    """Return the folder of a service account, as the kubelet mounts it."""
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(TOKEN)
    (folder / "namespace").write_text(SPACE)
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    return folder
