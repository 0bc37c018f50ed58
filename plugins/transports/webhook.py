"""Letters handed to a program of the operator's: signed JSON to an https URL.

Signed as Standard Webhooks 1.0 says: `webhook-signature` holds `v1,` and the HMAC-SHA256, in
base64, of `<webhook-id>.<webhook-timestamp>.<body>` under the secret's bytes. Receivers compute the
same over the body as it came, compare in constant time, refuse timestamps that are more than five
minutes off, and take one `webhook-id` once; any library of Standard Webhooks does. They answer 2xx
when they have taken the letter, 422 where nobody can be reached at the address, 429 or 503 where
they cannot take it now. Does not protect against a receiver that loses or shows letters.
Source: https://github.com/standard-webhooks/standard-webhooks
"""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import admit, failure, was_taken
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

PREFIX: Final = "whsec_"
SHORTEST_BYTES: Final = 24
"""Source: Standard Webhooks 1.0, "Signature scheme" (24 to 64 bytes)."""
LONGEST_BYTES: Final = 64

_URL: Final = re.compile(r"https?://[A-Za-z0-9\[][!$-~]*")
_NO_ADDRESS: Final = 422

Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]


class Options(BaseModel):
    """Who takes the letters."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: SecretStr
    """Where letters are posted to; https. Hidden like a secret, for many URLs hold one."""
    secret: SecretStr
    """`whsec_` and 24 to 64 random bytes in base64; signs every letter."""
    channels: tuple[Channel, ...] = Field(default=("sms", "email"), min_length=1)
    """Which letters are taken; a factor of somebody else's may have a channel of its own."""
    private: bool = False
    """The URL may be inside (loopback, private, link-local) and without TLS."""
    timeout: Duration = Field(
        default=timedelta(seconds=5), gt=timedelta(0), le=timedelta(seconds=14)
    )
    """How long to wait for an answer; a person waits with us."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        url = self.url.get_secret_value()
        if not _URL.fullmatch(url) or "#" in url:
            raise ValueError("url: a URL such as https://inside.example.com/letters is expected")
        if url.startswith("http:") and not self.private:
            raise ValueError("url: is not https; only `private` allows http")
        key(self.secret)
        return self


class Webhook:
    """Letters by a call of the operator's own program."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self.traits = TransportTraits(frozenset(options.channels), idempotent=True)
        self._options = options
        self._tools = tools
        self._key = key(options.secret)

    async def send(self, letter: Letter) -> Receipt:
        now = self._tools.now()
        admit(letter, self.traits, now)
        body = _body(letter)
        at = str(int(now.timestamp()))
        answer = await self._tools.call(
            "POST",
            self._options.url.get_secret_value(),
            (
                (b"Content-Type", b"application/json"),
                (b"webhook-id", letter.key.encode("ascii")),
                (b"webhook-timestamp", at.encode("ascii")),
                (b"webhook-signature", signature(self._key, letter.key, at, body)),
            ),
            body,
            timeout_s=self._options.timeout.total_seconds(),
            private=self._options.private,
        )
        if not was_taken(answer):
            known = {"address": Undelivered.RECIPIENT}
            raise failure(answer, "address" if answer.status == _NO_ADDRESS else "", known)
        return Receipt(self._tools.instance, letter.key)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Refuse: a program that took a letter is believed to deliver it."""
        del call
        raise AccessDenied("a webhook knows no callbacks")


def key(secret: SecretStr) -> bytes:
    """Return the bytes of a secret.

    Raises:
        ValueError: it is not in the form of Standard Webhooks, or too short to be unguessable.

    """
    try:
        found = b64decode(secret.get_secret_value().removeprefix(PREFIX), validate=True)
    except NotBase64:
        found = b""
    if not secret.get_secret_value().startswith(PREFIX) or len(found) < SHORTEST_BYTES:
        raise ValueError("secret: `whsec_` and 24 to 64 random bytes in base64 are expected")
    if len(found) > LONGEST_BYTES:
        raise ValueError("secret: more than 64 bytes")
    return found


def signature(key: bytes, identity: str, at: str, body: bytes) -> bytes:
    signed = f"{identity}.{at}.".encode() + body
    return b"v1," + b64encode(hmac.digest(key, signed, hashlib.sha256))


def _body(letter: Letter) -> bytes:
    fields = {
        "channel": letter.channel,
        "to": letter.to,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "key": letter.key,
        "expires_at": letter.expires_at.isoformat(timespec="seconds"),
    }
    return json.dumps(fields).encode("ascii")


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Webhook)
