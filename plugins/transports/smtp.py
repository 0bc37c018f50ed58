"""Mail through a relay, by SMTP with submission, STARTTLS and AUTH (RFC 5321, 6409, 3207, 4954).

Certificates are verified; what the relay offers decides nothing. Signing (DKIM) is left to the
relay, which knows the domain's key. Does not protect against whoever reads the person's mailbox,
nor against relays further on that pass mail on without TLS.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from datetime import timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import aiosmtplib
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import admit, mailbox
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
"""Source: RFC 6409 §3.1, RFC 8314 §3.3, RFC 5321 §4.5.4.2."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LEAVE_S: Final = 1.0
"""How long to wait for the relay's farewell; the letter is taken already."""

_PERMANENT: Final = range(500, 600)
_TRANSIENT: Final = range(400, 500)
_NOT_THE_RECIPIENT: Final = re.compile(r"(?i)\s*5\.[37]\.")
"""Enhanced codes of policy and of the relay itself. Source: RFC 3463 §3.4, §3.8."""
_UNAUTHENTICATED: Final = frozenset({530, 534, 535, 538})
"""Source: RFC 4954 §6."""
_QUEUED: Final = re.compile(r"(?i)queued as ([A-Za-z0-9._-]{1,64})")

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=128)]


class Options(BaseModel):
    """Which relay takes our mail, and who it is from."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")
    """Name of the relay; its certificate must be for this name."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """587 unless given; 465 with `tls`, 25 with `none`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the first byte on; `none` only for a relay on this machine."""
    ca_file: Path | None = None
    """Certificate authorities to trust instead of the system's (PEM)."""
    username: Line = ""
    """Name to sign in with; none where the relay knows us by our address."""
    password: SecretStr = SecretStr("")
    """Password to sign in with."""
    sender: str
    """Address that mail is from; relays and receivers check that we may use its domain."""
    sender_name: Line = ""
    """Name that people see as the sender."""
    helo: str = Field(default="", pattern=r"^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f.:]+\])?$")
    """Name by which we greet the relay; unless given, this machine's."""
    timeout: Duration = Field(
        default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(seconds=14)
    )
    """How long handing over one letter may take in all."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.security == "none" and self.host.lower() not in LOOPBACK:
            raise ValueError("security: none is for a relay on this machine only")
        if bool(self.username) is not bool(self.password.get_secret_value()):
            raise ValueError("username and password belong together")
        try:
            local, _ = mailbox(self.sender)
        except DeliveryFailed as error:
            raise ValueError("sender: no mailbox") from error
        if not local.isascii():
            raise ValueError("sender: a name in ASCII is needed, for every relay to take it")
        return self


class Smtp:
    """Mail, handed over one letter a connection."""

    traits = TransportTraits(frozenset({"email"}))

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options = options
        self._tools = tools
        self._trust = None if options.security == "none" else _trust(options.ca_file)

    async def send(self, letter: Letter) -> Receipt:
        admit(letter, self.traits, self._tools.now())
        local, domain = mailbox(letter.to)
        message = self._composed(letter, Address(username=local, domain=domain))
        handing = _Handing(self._client(), message)
        try:
            async with asyncio.timeout(self._options.timeout.total_seconds()):
                said = await handing.over(_address(*mailbox(self._options.sender)), local, domain)
            await handing.leave()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Without the cause: relays repeat the address in what they say.
            raise handing.failure(error) from None
        finally:
            handing.client.close()
        queued = _QUEUED.search(said)
        return Receipt(self._tools.instance, queued[1] if queued else "")

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Refuse: relays answer with mail, not with calls."""
        del call
        raise AccessDenied("SMTP knows no callbacks")

    def _client(self) -> aiosmtplib.SMTP:
        options = self._options
        seconds = options.timeout.total_seconds()
        return aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port or PORTS[options.security],
            username=options.username or None,
            password=options.password.get_secret_value() or None,
            local_hostname=options.helo or None,
            timeout=seconds,
            use_tls=options.security == "tls",
            start_tls=options.security == "starttls",
            tls_context=self._trust,
        )

    def _composed(self, letter: Letter, to: Address) -> EmailMessage:
        """Return the mail: text, and HTML beside it where there is some (RFC 2046 §5.1.4).

        Raises:
            DeliveryFailed: the subject would not stay in its line (ASVS 1.3.11).

        """
        if not letter.subject.isprintable():
            raise DeliveryFailed("the subject has control characters", why=Undelivered.REFUSED)
        local, domain = mailbox(self._options.sender)
        message = EmailMessage(policy.SMTP if to.username.isascii() else policy.SMTPUTF8)
        message["From"] = Address(self._options.sender_name, username=local, domain=domain)
        message["To"] = to
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(self._tools.now())
        message["Message-ID"] = f"<{letter.key}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # nobody's absence note answers (RFC 3834)
        message.set_content(letter.text, cte="quoted-printable")
        if letter.html:
            message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        return message


class _Handing:
    """One letter on its way to the relay, which knows how far it got."""

    def __init__(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        self.client = client
        self._message = message
        self._offered = False

    async def over(self, sender: str, local: str, domain: str) -> str:
        """Return what the relay said when it took the letter."""
        client = self.client
        await client.connect()
        encoding = "ascii" if local.isascii() else "utf-8"
        options = [] if local.isascii() else ["SMTPUTF8"]
        if options and client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if options and not client.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("no SMTPUTF8")
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(_address(local, domain), encoding=encoding)
        self._offered = True
        return (await client.data(self._message.as_bytes())).message

    def failure(self, error: Exception) -> DeliveryFailed:
        """Return what an error means; lost after the letter was offered, nobody knows."""
        return DeliveryFailed(_shown(error), why=self._why(error))

    async def leave(self) -> None:
        """Take leave once the letter is taken; a relay that has gone by then does no harm."""
        with suppress(aiosmtplib.SMTPException, OSError):
            await self.client.quit(timeout=LEAVE_S)

    def _why(self, error: Exception) -> Undelivered:
        match error:
            case aiosmtplib.SMTPResponseException(code=code) if code in _TRANSIENT:
                return Undelivered.UNAVAILABLE
            case aiosmtplib.SMTPRecipientRefused(code=code, message=said) if code in _PERMANENT:
                ours = code in _UNAUTHENTICATED or _NOT_THE_RECIPIENT.match(said)
                return Undelivered.REFUSED if ours else Undelivered.RECIPIENT
            case aiosmtplib.SMTPResponseException(code=code) if code in _PERMANENT:
                return Undelivered.REFUSED
            case _ if self._offered:
                return Undelivered.UNSURE
            case OSError() | aiosmtplib.SMTPResponseException():
                return Undelivered.UNAVAILABLE
            case _:
                return Undelivered.REFUSED


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what verifies the relay's certificate.

    Raises:
        ValueError: the file holds no certificates.

    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"ca_file: {error.strerror or type(error).__name__}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _address(local: str, domain: str) -> str:
    return f"{local}@{domain}"


def _shown(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Smtp)
