"""Amazon SNS's Publish as it is documented: what it checks, and what it answers."""

from dataclasses import dataclass, field

from tests.vendors.peer import Heard, answer
from tests.vendors.sigv4 import is_signed

SESSION_TOKEN = "session-token-of-a-role"
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
        if not is_signed(heard, "sns"):
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
