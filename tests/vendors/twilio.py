"""Twilio's Messages resource as it is documented: what it checks, and what it answers."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sidecar.core.messages import Callback
from tests.vendors.peer import Heard, answer

ACCOUNT = "AC" + "0a" * 16
TOKEN = "t0ken-of-the-account"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


@dataclass(slots=True)
class TwilioServer:
    """The messages it took, by SID."""

    user: str = ACCOUNT
    secret: str = TOKEN
    taken: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self, heard: Heard) -> bytes:
        if (heard.method, heard.target) != ("POST", PATH):
            return problem(404, 20404)
        wanted = "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        if heard.header("Authorization") != wanted:
            return problem(401, 20003)
        if heard.header("Content-Type") != "application/x-www-form-urlencoded":
            return problem(400, 21620)
        return self._message(heard.form)

    def _message(self, form: dict[str, str]) -> bytes:
        if not {"From", "MessagingServiceSid"} & form.keys() or not form.get("Body"):
            return problem(400, 21603)
        if not form.get("To", "").startswith("+"):
            return problem(400, 21211)
        if not 1 <= int(form["ValidityPeriod"]) <= 36_000:
            return problem(400, 90007)
        sid = f"SM{len(self.taken):032x}"
        self.taken[sid] = form
        return answer(201, json.dumps({"sid": sid, "status": "queued", "error_code": None}))


def problem(status: int, code: int) -> bytes:
    """Return an error; its text repeats the number, as Twilio's do."""
    told = {"code": code, "message": "The 'To' number +4915100000042 is wrong.", "status": status}
    return answer(status, json.dumps(told), "Content-Type: application/json")


def callback(
    url: str, sid: str, status: str, *, token: str = TOKEN, code: str = "", account: str = ACCOUNT
) -> Callback:
    """Return a status callback, signed as documented."""
    fields = {"AccountSid": account, "MessageSid": sid, "MessageStatus": status, "From": "+1 555"}
    fields |= {"ErrorCode": code} if code else {}
    signed = url + "".join(key + fields[key] for key in sorted(fields))
    made = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    headers = ((b"x-twilio-signature", base64.b64encode(made)),)
    return Callback("POST", url, headers, urlencode(fields).encode())
