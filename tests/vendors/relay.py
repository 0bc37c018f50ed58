"""A real SMTP server on loopback, with STARTTLS and AUTH, that can refuse and fall silent."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "sidecar", "the-relay's-password"
SILENT = "silent"
GONE = "gone"


@dataclass  # without slots: the server looks at every member, which Python 3.11.2 cannot then
class Relay:
    """The mail it took; `next_up` holds what it says next at a stage instead of yes."""

    certificate: Path | None = None
    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    next_up: dict[str, deque[str]] = field(default_factory=dict)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    servers: list[SMTP] = field(default_factory=list)

    @property
    def mail(self) -> list[EmailMessage]:
        parser = BytesParser(policy=default)
        return [parser.parsebytes(cast("bytes", envelope.content)) for envelope in self.envelopes]

    def fail(self, stage: str, reply: str) -> None:
        self.next_up.setdefault(stage, deque()).append(reply)

    async def said(self, stage: str, server: SMTP) -> str:
        """Return what is said at a stage instead of yes; empty: nothing else."""
        replies = self.next_up.get(stage)
        reply = replies.popleft() if replies else ""
        if reply == SILENT:
            await self.leaving.wait()
        if reply == GONE:
            hang_up(server)
        return "" if reply in {SILENT, GONE} else reply

    def authenticate(  # noqa: PLR0917 - aiosmtpd's signature
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802, PLR0917 - aiosmtpd's name and signature
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del session
        if reply := await self.said("mail", server):
            return reply
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802, PLR0917 - the same
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del session, options
        if reply := await self.said("rcpt", server):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - the same
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del session
        if reply := await self.said("data", server):
            return reply
        self.envelopes.append(envelope)
        return f"250 2.0.0 Ok: queued as Q{len(self.envelopes)}"


@asynccontextmanager
async def relaying(
    certificate: Path | None = None, *, implicit: bool = False, utf8: bool = False
) -> AsyncIterator[Relay]:
    """Run one for the length of the block: STARTTLS and AUTH where there is a certificate."""
    relay = Relay(certificate)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()

    def made() -> SMTP:
        secured = context is not None
        server = SMTP(
            relay,
            hostname="relay.test",
            enable_SMTPUTF8=utf8,
            tls_context=None if implicit else context,
            require_starttls=secured and not implicit,
            auth_required=secured and not implicit,
            auth_require_tls=secured and not implicit,
            authenticator=relay.authenticate,
            loop=loop,
        )
        relay.servers.append(server)
        return server

    listener = await loop.create_server(made, "127.0.0.1", 0, ssl=context if implicit else None)
    relay.port = listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        relay.leaving.set()
        listener.close()
        await listener.wait_closed()
        for server in relay.servers:
            hang_up(server)


def hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        with suppress(AttributeError):  # TLS that is over has nothing to abort in Python 3.11.2
            server.transport.abort()
