"""HashiCorp Vault's HTTP API: key-value engines, transit, and three ways to show who one is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.vendors.peer import Heard, answer

TOKEN = "hvs.CAESIJ-a-token-of-somebody"
LENT = "hvs.CAESIL-a-token-of-a-login"
ROLE_ID, SECRET_ID = "59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8", "84896a0c-1347-aa90-a4f6-aca8b7558780"
JWT = "eyJhbGciOiJSUzI1NiJ9.the-pod.signature"
ROLE = "sidecar"

LOGINS: Mapping[str, Mapping[str, object]] = {
    "/v1/auth/approle/login": {"role_id": ROLE_ID, "secret_id": SECRET_ID},
    "/v1/auth/kubernetes/login": {"role": ROLE, "jwt": JWT},
}


@dataclass(slots=True)
class VaultServer:
    """What lies where, by the path of its engine; `namespace` is the one that holds it all."""

    kept: dict[str, dict[str, object]] = field(default_factory=dict)
    wrapped: dict[tuple[str, object], str] = field(default_factory=dict)
    """Plaintexts in base64 by path and ciphertext."""
    allowed: set[str] = field(default_factory=set)
    namespace: str = ""
    lent: set[str] = field(default_factory=set)
    revoked: list[str] = field(default_factory=list)
    revocable: bool = True
    """False: batch tokens."""

    def __call__(self, heard: Heard) -> bytes:
        if heard.header("X-Vault-Namespace") != self.namespace:
            return errors(404)
        if heard.method == "POST" and heard.target in LOGINS:
            return self._login(heard)
        token = heard.header("X-Vault-Token")
        if token != TOKEN and token not in self.lent:
            return errors(403, "permission denied", "invalid token")
        if (heard.method, heard.target) == ("POST", "/v1/auth/token/revoke-self"):
            return self._revoke(token)
        path = heard.target.removeprefix("/v1/")
        if path not in self.allowed:
            return errors(403, "permission denied")
        return self._read(path) if heard.method == "GET" else self._decrypt(path, heard)

    def _login(self, heard: Heard) -> bytes:
        if json.loads(heard.body) != LOGINS[heard.target]:
            return errors(400, "invalid role or secret ID")
        self.lent.add(LENT)
        auth = {"client_token": LENT, "lease_duration": 2_764_800, "token_type": "service"}
        return answer(200, json.dumps({"data": None, "auth": auth}))

    def _revoke(self, token: str) -> bytes:
        if not self.revocable:
            return errors(400, "batch tokens cannot be revoked")
        self.lent.discard(token)
        self.revoked.append(token)
        return answer(204)

    def _read(self, path: str) -> bytes:
        found = self.kept.get(path)
        return errors(404) if found is None else answer(200, json.dumps({"data": found}))

    def _decrypt(self, path: str, heard: Heard) -> bytes:
        plain = self.wrapped.get((path, json.loads(heard.body)["ciphertext"]))
        if plain is None:
            return errors(400, "cipher: message authentication failed")
        return answer(200, json.dumps({"data": {"plaintext": plain}}))


def errors(status: int, *told: str) -> bytes:
    return answer(status, json.dumps({"errors": told}), "Content-Type: application/json")
