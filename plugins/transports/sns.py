"""Text messages through Amazon SNS (Query API 2010-03-31, action Publish), AWS Signature 4.

Publish has no idempotency key for phone numbers, so that a letter whose answer is missing may come
twice, and it reports no delivery by itself. Does not protect against whoever takes over the phone
number or reads the telephone network. Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Final, Self
from urllib.parse import urlencode, urlsplit
from xml.parsers import expat

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import admit, endpoint, failure, reference, was_taken
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

VERSION: Final = "2010-03-31"
ALGORITHM: Final = "AWS4-HMAC-SHA256"
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"

_CODES: Final[Mapping[str, Undelivered]] = MappingProxyType(
    {
        "OptedOut": Undelivered.RECIPIENT,
        "RequestExpired": Undelivered.REFUSED,  # our clock is off
        "ServiceUnavailable": Undelivered.UNAVAILABLE,
        "Throttled": Undelivered.UNAVAILABLE,
        "Throttling": Undelivered.UNAVAILABLE,
        "ThrottlingException": Undelivered.UNAVAILABLE,
    }
)
"""Source: the API's page, "Errors", and AWS's "Common errors"."""
_WRONG: Final = frozenset({"InvalidParameter", "InvalidParameterValue"})
_NUMBER: Final = "PhoneNumber"
"""The parameter that SNS names when it is a number that cannot be published to."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]


class Options(BaseModel):
    """Whose account sends, from where, and for how much."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    region: str = Field(pattern=r"^[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]$")
    """AWS region that sends, such as eu-central-1."""
    access_key: str = Field(pattern=r"^[A-Z0-9]{16,128}$")
    """Id of the access key; it needs sns:Publish and nothing else."""
    secret_key: SecretStr
    """The secret access key."""
    session_token: SecretStr | None = None
    """Token of temporary credentials."""
    sender: str = Field(default="", pattern=r"^([A-Za-z0-9-]{1,10}[A-Za-z0-9])?$")
    """Name that messages come from, where the country allows it (AWS.SNS.SMS.SenderID)."""
    max_price: float | None = Field(default=None, ge=0.00001, le=10)
    """Most that one message may cost, in US dollars; a dearer one is not sent."""
    endpoint: str = ""
    """Other URL than the region's, such as a VPC endpoint, or for tests."""
    private: bool = False
    """The endpoint may be inside and without TLS."""
    timeout: Duration = Field(
        default=timedelta(seconds=5), gt=timedelta(0), le=timedelta(seconds=14)
    )
    """How long to wait for an answer; a person waits with us."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        endpoint(self.url, private=self.private)
        return self

    @property
    def url(self) -> str:
        partition = ".cn" if self.region.startswith("cn-") else ""
        return self.endpoint or f"https://sns.{self.region}.amazonaws.com{partition}"


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, and for which service where."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str = "sns"

    def authorization(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> str:
        """Return the Authorization header over all the headers, which are lower case.

        Source: AWS, "Create a signed AWS API request".
        """
        path, _, query = target.partition("?")
        names = sorted(headers)
        signed = ";".join(names)
        lines = (
            *(method, path, query),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            *("", signed, hashlib.sha256(body).hexdigest()),
        )
        request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        at = headers["x-amz-date"]
        scope = f"{at[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"{ALGORITHM}\n{at}\n{scope}\n{request}"
        found = hmac.new(self._key(at[:8]), text.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={self.access_key}/{scope}"
        return f"{ALGORITHM} {credential}, SignedHeaders={signed}, Signature={found}"

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), hashlib.sha256)
        return key


class Sns:
    """Text messages by Amazon SNS."""

    traits = TransportTraits(frozenset({"sms"}))

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options = options
        self._tools = tools
        self._url = endpoint(options.url, private=options.private)
        secret = options.secret_key.get_secret_value()
        self._signing = Signing(options.access_key, secret, options.region)

    async def send(self, letter: Letter) -> Receipt:
        now = self._tools.now()
        admit(letter, self.traits, now)
        body = urlencode(self._fields(letter)).encode("ascii")
        answer = await self._tools.call(
            "POST",
            f"{self._url}/",
            tuple((name.encode(), value.encode()) for name, value in self._headers(now, body)),
            body,
            timeout_s=self._options.timeout.total_seconds(),
            private=self._options.private,
        )
        said = texts(answer.body)
        if was_taken(answer):
            return Receipt(self._tools.instance, reference(said.get("MessageId")))
        code = said.get("Code", "")
        if code in _WRONG and _NUMBER in said.get("Message", ""):
            raise DeliveryFailed(f"code {code}", why=Undelivered.RECIPIENT)
        raise failure(answer, code, _CODES)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Refuse: delivery is reported to CloudWatch only."""
        del call
        raise AccessDenied("SNS knows no callbacks")

    def _fields(self, letter: Letter) -> dict[str, str]:
        options = self._options
        attributes = [("SMSType", "String", "Transactional")]
        if options.sender:
            attributes.append(("SenderID", "String", options.sender))
        if options.max_price is not None:
            attributes.append(("MaxPrice", "Number", f"{options.max_price:.5f}"))
        fields = {"Action": "Publish", "Version": VERSION}
        fields |= {"PhoneNumber": letter.to, "Message": letter.text}
        for number, (name, kind, value) in enumerate(attributes, 1):
            entry = f"MessageAttributes.entry.{number}"
            fields[f"{entry}.Name"] = f"AWS.SNS.SMS.{name}"
            fields[f"{entry}.Value.DataType"] = kind
            fields[f"{entry}.Value.StringValue"] = value
        return fields

    def _headers(self, now: datetime, body: bytes) -> list[tuple[str, str]]:
        """Return the signed headers; `host` is signed too, and sent by the client itself."""
        headers = {
            "content-type": FORM,
            "host": urlsplit(self._url).netloc.lower(),
            "x-amz-date": now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"),
        }
        if self._options.session_token is not None:
            headers["x-amz-security-token"] = self._options.session_token.get_secret_value()
        target = urlsplit(f"{self._url}/").path
        signed = self._signing.authorization("POST", target, headers, body)
        del headers["host"]
        return [*headers.items(), ("authorization", signed)]


class _Reader:
    """Collects texts of an XML document while expat reads it."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._open: list[str] = []

    def start(self, name: str, _attributes: object) -> None:
        self._open.append(name)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, piece: str) -> None:
        self.found[self._open[-1]] = self.found.get(self._open[-1], "") + piece

    def doctype(self, *_declared: object) -> None:
        raise ValueError("a document type")


def texts(document: bytes) -> Mapping[str, str]:
    """Return the text of each element of an XML document, by the element's name.

    A document type is refused before it is read, for only there could a document say more than
    it shows (ASVS 1.5.1); what is no XML has no texts.
    """
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)  # noqa: FBT003 - this is the whole document
    except (expat.ExpatError, ValueError):
        return {}
    return reader.found


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Sns)
