"""Text messages through Vonage's Messages API, version 1.

Signs in by a token that the application's private key makes: the key itself never travels, a token
that somebody sees is worth minutes, and status callbacks exist for applications only. The API has
no idempotency key, so that a letter whose answer is missing may come twice. Does not protect
against whoever takes over the phone number or reads the telephone network.
Source: https://developer.vonage.com/en/api/messages
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from secrets import token_urlsafe
from types import MappingProxyType
from typing import Annotated, Final, Self

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import admit, endpoint, failure, reference, told_by, was_taken
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.pointers import at, read_json
from sidecar.core.protocols import Asked, Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

API: Final = "https://api.nexmo.com"
TOKEN_S: Final = 300
SHORTEST_S: Final = 20
"""Least time that Vonage may try to deliver a message."""
STALE_S: Final = 86_400
"""Callbacks are repeated for a day."""
AHEAD_S: Final = 60
"""How far Vonage's clock may be ahead of ours."""

_CODES: Final[Mapping[str, Undelivered]] = MappingProxyType(
    {
        "1000": Undelivered.UNAVAILABLE,  # throttled
        "1050": Undelivered.RECIPIENT,  # number barred
        "1100": Undelivered.UNAVAILABLE,  # communication failed, not submitted
        "1170": Undelivered.RECIPIENT,  # invalid number
        "1190": Undelivered.RECIPIENT,  # number no longer active
        "1240": Undelivered.RECIPIENT,  # the person answered STOP
    }
)
"""Source: https://developer.vonage.com/en/api-errors/messages"""
_SETTLED: Final[Mapping[str, bool]] = MappingProxyType(
    {"delivered": True, "read": True, "rejected": False, "undeliverable": False}
)
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_CODE: Final = re.compile(r".*#([a-z0-9-]{1,32})")

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]


class Options(BaseModel):
    """Whose application sends, and as whom."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    application: str = Field(pattern=f"^{_UUID}$")
    """Id of the application."""
    private_key: SecretStr
    """The application's private key (PEM), such as `file:/run/secrets/vonage.key`."""
    sender: str = Field(pattern=r"^(\+?[1-9][0-9]{2,14}|[A-Za-z0-9 ]{3,11})$")
    """Number or name that messages come from."""
    receipts: bool = False
    """Let Vonage tell what became of each message."""
    signature_secret: SecretStr | None = Field(default=None, min_length=16)
    """The account's signature secret, which tells whether a callback is Vonage's."""
    endpoint: str = API
    """Other beginning of the URLs, for a region of Vonage's or for tests."""
    private: bool = False
    """The endpoint may be inside and without TLS; for tests."""
    timeout: Duration = Field(
        default=timedelta(seconds=5), gt=timedelta(0), le=timedelta(seconds=14)
    )
    """How long to wait for an answer; a person waits with us."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        endpoint(self.endpoint, private=self.private)
        if self.receipts and self.signature_secret is None:
            raise ValueError("receipts: needs signature_secret, by which callbacks are signed")
        return self


class Vonage:
    """Text messages by Vonage."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self.traits = TransportTraits(frozenset({"sms"}), receipts=options.receipts)
        self._options = options
        self._tools = tools
        self._url = endpoint(options.endpoint, private=options.private) + "/v1/messages"
        self._key = _private_key(options.private_key)

    async def send(self, letter: Letter) -> Receipt:
        left_s = admit(letter, self.traits, self._tools.now())
        answer = await self._tools.call(
            "POST",
            self._url,
            (
                (b"Authorization", b"Bearer " + self._token().encode("ascii")),
                (b"Content-Type", b"application/json"),
                (b"Accept", b"application/json"),
            ),
            json.dumps(self._fields(letter, left_s)).encode("ascii"),
            timeout_s=self._options.timeout.total_seconds(),
            private=self._options.private,
        )
        said = _document(answer.body)
        if not was_taken(answer):
            raise _failure(answer, said)
        return Receipt(self._tools.instance, reference(at(said, "/message_uuid")))

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Return what a status callback says; intermediate statuses say nothing."""
        self._check(call)
        said = _document(call.body)
        uuid, status = at(said, "/message_uuid"), at(said, "/status")
        arrived = _SETTLED.get(status) if isinstance(status, str) else None
        if arrived is None or not isinstance(uuid, str):
            return ()
        return (Told(uuid, arrived, "" if arrived else _code(at(said, "/error"))),)

    def _fields(self, letter: Letter, left_s: int) -> dict[str, object]:
        fields: dict[str, object] = {
            "channel": "sms",
            "message_type": "text",
            "to": letter.to.removeprefix("+"),
            "from": self._options.sender.removeprefix("+"),
            "text": letter.text,
            "client_ref": letter.key,
            "ttl": max(left_s, SHORTEST_S),
        }
        if not self._options.receipts:
            return fields
        return {**fields, "webhook_url": self._tools.callback, "webhook_version": "v1"}

    def _token(self) -> str:
        now = int(self._tools.now().timestamp())
        claims = {
            "application_id": self._options.application,
            "iat": now,
            "exp": now + TOKEN_S,
            "jti": token_urlsafe(16),
        }
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, self._key, algorithms=["RS256"])

    def _check(self, call: Callback) -> None:
        """Hold the callback to its signature, and its body to the hash that was signed.

        Source: https://developer.vonage.com/en/getting-started/concepts/webhooks

        Raises:
            AccessDenied: somebody else made it up, changed it, or kept it for long.

        """
        secret = self._options.signature_secret
        if secret is None or not self._options.receipts or call.method != "POST":
            raise AccessDenied("no callbacks are expected")
        scheme, _, token = told_by(call, "Authorization").partition(" ")
        key = OctKey.import_key(secret.get_secret_value())
        try:
            claims = jwt.decode(token, key, algorithms=["HS256"]).claims
        except (JoseError, ValueError):
            raise AccessDenied("the callback is not signed by Vonage") from None
        said, made = claims.get("payload_hash"), claims.get("iat")
        body = hashlib.sha256(call.body).hexdigest()
        if scheme.lower() != "bearer" or not isinstance(said, str) or not said.isascii():
            raise AccessDenied("the callback is malformed")
        if not hmac.compare_digest(said.lower(), body):
            raise AccessDenied("the callback was changed on its way")
        age_s = self._tools.now().timestamp() - made if isinstance(made, int) else STALE_S + 1
        if not -AHEAD_S <= age_s <= STALE_S or claims.get("application_id", self._own) != self._own:
            raise AccessDenied("the callback is of another time or application")

    @property
    def _own(self) -> str:
        return self._options.application


def _private_key(pem: SecretStr) -> RSAKey:
    """Return the key that makes tokens.

    Raises:
        ValueError: it is none.

    """
    try:
        key = RSAKey.import_key(pem.get_secret_value())
    except (JoseError, ValueError):
        raise ValueError("private_key: no RSA key in PEM form") from None
    if not key.is_private:
        raise ValueError("private_key: this is the public key")
    return key


def _failure(answer: Asked, said: object) -> DeliveryFailed:
    """Return what an answer means that took no message; `to` alone malformed is the recipient's."""
    wrong = at(said, "/invalid_parameters")
    if isinstance(wrong, list) and wrong and all(at(one, "/name") == "to" for one in wrong):
        return DeliveryFailed("the number is refused", why=Undelivered.RECIPIENT)
    return failure(answer, _code(said), _CODES)


def _code(problem: object) -> str:
    """Return Vonage's code of a problem (RFC 9457), which ends its type."""
    kind = at(problem, "/type")
    found = _CODE.fullmatch(kind) if isinstance(kind, str) else None
    return found[1] if found else ""


def _document(body: bytes) -> object:
    try:
        return read_json(body)
    except ValueError:
        return None


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Vonage)
