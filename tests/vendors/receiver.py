"""An operator's program that takes letters by Standard Webhooks, and each of them once."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field

from tests.vendors.peer import Heard, answer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/letters/0f3a7c-secret-path"
TOLERANCE_S = 300


@dataclass(slots=True)
class Receiver:
    """The letters it took, by id; `now` is what its clock says."""

    now: float
    taken: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self, heard: Heard) -> bytes:
        identity, at = heard.header("webhook-id"), heard.header("webhook-timestamp")
        signed = f"{identity}.{at}.".encode() + heard.body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if heard.target != PATH or abs(self.now - int(at)) > TOLERANCE_S:
            return answer(404)
        if f"v1,{made}" not in heard.header("webhook-signature").split(" "):
            return answer(401)
        said = json.loads(heard.body)
        assert said["key"] == identity
        self.taken.setdefault(identity, said)
        return answer(204)
