"""Text messages through Twilio's Programmable Messaging (REST API 2010-04-01, Messages resource).

Messages have no idempotency key there, so that a letter whose answer is missing may come twice.
Does not protect against whoever takes over the phone number, reads the telephone network, or
holds the Auth Token. Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Final, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import (
    admit,
    basic,
    endpoint,
    failure,
    reference,
    told_by,
    was_taken,
)
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.pointers import read_json
from sidecar.core.protocols import Asked, Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

API: Final = "https://api.twilio.com"
LONGEST_S: Final = 36_000
"""Source: https://www.twilio.com/docs/api/errors/90007"""
FIELDS: Final = 64
"""A callback has about a dozen."""

_CODES: Final[Mapping[str, Undelivered]] = MappingProxyType(
    {
        "20003": Undelivered.REFUSED,  # credentials
        "20429": Undelivered.UNAVAILABLE,  # too many requests
        "21211": Undelivered.RECIPIENT,  # invalid number
        "21217": Undelivered.RECIPIENT,  # no phone number
        "21610": Undelivered.RECIPIENT,  # the person answered STOP
        "21614": Undelivered.RECIPIENT,  # no mobile number
    }
)
"""Source: https://www.twilio.com/docs/api/errors"""
_SETTLED: Final[Mapping[str, bool]] = MappingProxyType(
    {"delivered": True, "read": True, "undelivered": False, "failed": False, "canceled": False}
)
"""Statuses that do not change any more, and whether they mean that the message arrived."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]


class Options(BaseModel):
    """Whose account sends, and from which number."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    account: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    """Account SID."""
    auth_token: SecretStr | None = None
    """Auth Token: signs in unless an API key does, and tells whether a callback is Twilio's."""
    api_key: str = Field(default="", pattern=r"^(SK[0-9a-f]{32})?$")
    """SID of an API key to sign in with instead; it can be revoked by itself."""
    api_secret: SecretStr | None = None
    """Secret of the API key."""
    sender: str = Field(
        pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$"
    )
    """Number, short code or name that messages come from, or the SID of a messaging service."""
    receipts: bool = False
    """Let Twilio tell what became of each message."""
    endpoint: str = API
    """Other beginning of the URLs, for a region of Twilio's or for tests."""
    private: bool = False
    """The endpoint may be inside and without TLS; for tests."""
    timeout: Duration = Field(
        default=timedelta(seconds=5), gt=timedelta(0), le=timedelta(seconds=14)
    )
    """How long to wait for an answer; a person waits with us."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        endpoint(self.endpoint, private=self.private)
        if bool(self.api_key) is not (self.api_secret is not None):
            raise ValueError("api_key and api_secret belong together")
        if self.auth_token is None and not self.api_key:
            raise ValueError("auth_token or api_key is needed to sign in")
        if self.auth_token is None and self.receipts:
            raise ValueError("receipts: needs auth_token, by which callbacks are signed")
        return self


class Twilio:
    """Text messages by Twilio."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self.traits = TransportTraits(frozenset({"sms"}), receipts=options.receipts)
        self._options = options
        self._tools = tools
        base = endpoint(options.endpoint, private=options.private)
        self._url = f"{base}/2010-04-01/Accounts/{options.account}/Messages.json"

    async def send(self, letter: Letter) -> Receipt:
        left_s = admit(letter, self.traits, self._tools.now())
        answer = await self._tools.call(
            "POST",
            self._url,
            (
                (b"Authorization", self._authorization()),
                (b"Content-Type", b"application/x-www-form-urlencoded"),
                (b"Accept", b"application/json"),
            ),
            urlencode(self._fields(letter, left_s)).encode("ascii"),
            timeout_s=self._options.timeout.total_seconds(),
            private=self._options.private,
        )
        said = _said(answer)
        if not was_taken(answer):
            raise failure(answer, str(said.get("code", "")), _CODES)
        return Receipt(self._tools.instance, reference(said.get("sid")))

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Return what a status callback says; intermediate statuses say nothing."""
        fields = self._checked(call)
        arrived = _SETTLED.get(fields.get("MessageStatus", ""))
        sid = fields.get("MessageSid", "")
        if arrived is None or not sid:
            return ()
        return (Told(sid, arrived, "" if arrived else fields.get("ErrorCode", "")),)

    def _authorization(self) -> bytes:
        options = self._options
        secret = options.api_secret or options.auth_token or SecretStr("")
        return basic(options.api_key or options.account, secret.get_secret_value())

    def _fields(self, letter: Letter, left_s: int) -> dict[str, str]:
        options = self._options
        by = "MessagingServiceSid" if options.sender.startswith("MG") else "From"
        fields = {
            "To": letter.to,
            by: options.sender,
            "Body": letter.text,
            "ValidityPeriod": str(min(left_s, LONGEST_S)),
        }
        return {**fields, "StatusCallback": self._tools.callback} if options.receipts else fields

    def _checked(self, call: Callback) -> dict[str, str]:
        """Return the fields of a callback that Twilio signed.

        Source: https://www.twilio.com/docs/usage/security#validating-requests

        Raises:
            AccessDenied: somebody else made it up, or changed it.

        """
        token = self._options.auth_token
        if token is None or not self._options.receipts or call.method != "POST":
            raise AccessDenied("no callbacks are expected")
        try:
            pairs = parse_qsl(
                *(call.body.decode(), True, True),  # blank values kept, anything odd refused
                max_num_fields=FIELDS,
            )
        except ValueError:
            raise AccessDenied("the callback is malformed") from None
        given = told_by(call, "X-Twilio-Signature").encode("latin-1")
        if not hmac.compare_digest(given, signature(token.get_secret_value(), call.url, pairs)):
            raise AccessDenied("the callback is not signed by Twilio")
        return dict(pairs)


def signature(token: str, url: str, pairs: list[tuple[str, str]]) -> bytes:
    """Return X-Twilio-Signature: the URL and all fields, sorted, under HMAC-SHA1."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    # SHA-1 is Twilio's choice; as an HMAC it is not broken.
    return b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1))


def _said(answer: Asked) -> Mapping[str, object]:
    try:
        said = read_json(answer.body)
    except ValueError:
        said = None
    if isinstance(said, dict):
        return said
    if was_taken(answer):
        raise DeliveryFailed("the answer is malformed", why=Undelivered.UNSURE)
    return {}


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Twilio)
