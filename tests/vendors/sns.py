"""Amazon SNS's Publish as it is documented: what it checks, and what it answers."""

import hashlib
import hmac
from dataclasses import dataclass, field

from tests.vendors.peer import Heard, answer

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SESSION_TOKEN = "session-token-of-a-role"
REGION = "eu-central-1"
NAMESPACE = 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"'


@dataclass(slots=True)
class SnsServer:
    """The messages it took, by id."""

    taken: dict[str, dict[str, str]] = field(default_factory=dict)
    token: str = SESSION_TOKEN

    def __call__(self, heard: Heard) -> bytes:
        if (heard.method, heard.target) != ("POST", "/"):
            return problem(404, "InvalidAction")
        if heard.header("x-amz-security-token") != self.token:
            return problem(403, "InvalidClientTokenId")
        if not _is_signed(heard):
            return problem(403, "SignatureDoesNotMatch")
        form = heard.form
        if (form.get("Action"), form.get("Version")) != ("Publish", "2010-03-31"):
            return problem(400, "InvalidAction")
        if not form.get("PhoneNumber", "").startswith("+") or not form.get("Message"):
            return problem(400, "InvalidParameter")
        identity = f"567910cd-659e-55d4-8ccb-{len(self.taken):012x}"
        self.taken[identity] = form
        return answer(
            200,
            f"<PublishResponse {NAMESPACE}><PublishResult><MessageId>{identity}</MessageId>"
            "</PublishResult><ResponseMetadata><RequestId>f187a3c1</RequestId></ResponseMetadata>"
            "</PublishResponse>",
            "Content-Type: text/xml",
        )


def problem(status: int, code: str) -> bytes:
    """Return an error; its text repeats the number, as Amazon's do."""
    return answer(
        status,
        f"<ErrorResponse {NAMESPACE}><Error><Type>Sender</Type><Code>{code}</Code><Message>Invalid "
        "parameter: PhoneNumber Reason: +4915100000042 is not valid to publish to</Message></Error>"
        "<RequestId>f187a3c1</RequestId></ErrorResponse>",
        "Content-Type: text/xml",
    )


def _is_signed(heard: Heard) -> bool:
    """Tell whether the signature is the one that these headers and this body have."""
    scheme, _, rest = heard.header("Authorization").partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", "))
    key, day, region, service, end = parts["Credential"].split("/")
    at = heard.header("x-amz-date")
    names = parts["SignedHeaders"].split(";")
    lines = [heard.method, heard.target, "", *(f"{name}:{heard.header(name)}" for name in names)]
    lines += ["", ";".join(names), hashlib.sha256(heard.body).hexdigest()]
    canonical = "\n".join(lines)
    scope = f"{day}/{region}/{service}/{end}"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    made = f"AWS4{SECRET_KEY}".encode()
    for part in (day, REGION, "sns", "aws4_request"):
        made = hmac.new(made, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(made, text.encode(), hashlib.sha256).hexdigest()
    sent = {name.lower() for name, _ in heard.headers if name.lower().startswith("x-amz-")}
    whole = {"content-type", "host", "x-amz-date", *sent} <= set(names)
    return (scheme, key, parts["Signature"]) == ("AWS4-HMAC-SHA256", ACCESS_KEY, wanted) and whole
