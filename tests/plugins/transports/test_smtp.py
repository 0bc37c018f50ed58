"""Mail through a real relay: how it is secured, what it looks like, what errors say."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.transports.smtp import Options, Smtp
from sidecar.core.errors import DeliveryFailed, Undelivered
from tests.certificates import self_signed
from tests.conformance.lent import lent
from tests.vendors import relay
from tests.vendors.relay import Relay, relaying
from tests.vendors.stands import KEY, NOW, letter

SIGNED_IN = {"username": relay.USER, "password": relay.PASSWORD}


def smtp(server: Relay, **options: object) -> Smtp:
    whole = {
        "host": "localhost",
        "port": server.port,
        "sender": "no-reply@example.com",
        "sender_name": "Harbour, Inc.",
        "ca_file": server.certificate,
        "timeout": "5s",
        **(SIGNED_IN if server.certificate else {"security": "none"}),
        **options,
    }
    return Smtp(Options.model_validate(whole), lent("mail", now=lambda: NOW))


async def why(transport: Smtp, to: str = "ada@example.com") -> Undelivered:
    with pytest.raises(DeliveryFailed) as failed:
        await transport.send(letter("email", to=to))
    return failed.value.why


async def test_mail_is_text_and_html_that_nobody_answers() -> None:
    """A mail as it arrives shows its two forms, its sender, its id, and that it is automatic."""
    async with relaying() as server:
        receipt = await smtp(server).send(letter("email", subject="Ihr Code – Gültig"))
        mail = server.mail[0]
    assert receipt.reference == "Q1"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert (mail["Subject"], mail["To"]) == ("Ihr Code – Gültig", "ada.lovelace@example.com")
    assert mail["From"] == '"Harbour, Inc." <no-reply@example.com>'
    assert mail["Message-ID"] == f"<{KEY}@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"]).astimezone(UTC) == NOW
    assert server.envelopes[0].mail_from == "no-reply@example.com"
    content = server.envelopes[0].content
    assert isinstance(content, bytes)
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998


async def test_text_alone_is_one_part() -> None:
    """A letter without HTML shows that its mail is plain text."""
    async with relaying() as server:
        await smtp(server, sender_name="").send(letter("email", html=""))
        assert server.mail[0].get_content_type() == "text/plain"
        assert server.mail[0]["From"] == "no-reply@example.com"


@pytest.mark.conforms("ASVS-12.3.1", "ASVS-12.3.2", "NIST-OBA-1")
@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
async def test_only_the_relay_we_know_gets_mail(
    tmp_path: Path, security: str, *, implicit: bool
) -> None:
    """Certificates of the relay and of others show that others get neither password nor mail."""
    right = self_signed(tmp_path, "localhost", name="right")
    other = self_signed(tmp_path, "localhost", name="other")
    stale = self_signed(tmp_path, "localhost", name="stale", expired=True)
    async with relaying(right, implicit=implicit) as server:
        await smtp(server, security=security).send(letter("email"))
        assert await why(smtp(server, security=security, ca_file=other)) is Undelivered.UNAVAILABLE
        assert await why(smtp(server, security=security, ca_file=None)) is Undelivered.UNAVAILABLE
    async with relaying(stale, implicit=implicit) as expired:
        assert await why(smtp(expired, security=security)) is Undelivered.UNAVAILABLE
    elsewhere = self_signed(tmp_path, "elsewhere.test", name="elsewhere")
    async with relaying(elsewhere, implicit=implicit) as server:
        assert await why(smtp(server, security=security)) is Undelivered.UNAVAILABLE
    assert expired.envelopes == server.envelopes == []


async def test_a_relay_that_offers_no_tls_gets_nothing(tmp_path: Path) -> None:
    """A relay whose STARTTLS was taken away on the path shows that nothing is sent in the clear."""
    certificate = self_signed(tmp_path, "localhost")
    async with relaying() as server:
        plain = smtp(server, security="starttls", ca_file=certificate, **SIGNED_IN)
        assert await why(plain) is Undelivered.REFUSED
        assert server.envelopes == []


async def test_wrong_credentials_are_refused(tmp_path: Path) -> None:
    """A wrong password, and none where one is needed, show that another relay may be asked."""
    async with relaying(self_signed(tmp_path, "localhost")) as server:
        assert await why(smtp(server, password="wrong")) is Undelivered.REFUSED
        assert await why(smtp(server, username="", password="")) is Undelivered.REFUSED


async def test_nobody_listens() -> None:
    """A relay that is gone shows that surely nothing was sent."""
    async with relaying() as server:
        transport = smtp(server)
    assert await why(transport) is Undelivered.UNAVAILABLE


async def test_addresses_of_the_world() -> None:
    """Letters beyond ASCII show that a domain is written in ASCII and a name needs SMTPUTF8."""
    async with relaying() as server:
        await smtp(server).send(letter("email", to="ada@bücher.example"))
        assert server.envelopes[0].rcpt_tos == ["ada@xn--bcher-kva.example"]
        assert await why(smtp(server), to="jörg@example.com") is Undelivered.REFUSED
    async with relaying(utf8=True) as server:
        await smtp(server).send(letter("email", to="jörg@example.com"))
        assert server.envelopes[0].rcpt_tos == ["jörg@example.com"]
        assert "SMTPUTF8" in server.envelopes[0].mail_options


async def test_a_farewell_is_not_waited_for() -> None:
    """A relay that is gone once it took the letter shows that the letter counts as taken."""
    async with relaying() as server:
        sent = await smtp(server, helo="[127.0.0.1]").send(letter("email"))
        assert sent.provider == "mail"
        server.fail("data", "250 fine")
        assert (await smtp(server).send(letter("email"))).reference == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"security": "none"}, "relay on this machine only"),
        ({"username": "me"}, "belong together"),
        ({"password": "me"}, "belong together"),
        ({"sender": "nobody"}, "no mailbox"),
        ({"sender": "jörg@example.com"}, "in ASCII"),
        ({"sender": "a@b.example\r\nBcc: eve@example.com"}, "no mailbox"),
        ({"sender_name": "a\nBcc: eve@example.com"}, "pattern"),
        ({"helo": "a b"}, "pattern"),
        ({"host": "relay.example.com\n"}, "pattern"),
        ({"timeout": "0s"}, "greater than"),
        ({"starttls": True}, "not permitted"),
    ],
)
def test_wrong_options(wrong: dict[str, object], said: str) -> None:
    """Options that cannot be meant show that they are refused when the file is read."""
    whole = {"host": "relay.example.com", "sender": "no-reply@example.com", **wrong}
    with pytest.raises(ValidationError, match=said):
        Options.model_validate(whole)


def test_ports_follow_security() -> None:
    """A file without certificates and ports left out show what is used and what is told."""
    options = Options(host="relay.example.com", sender="a@example.com", security="tls")
    assert Smtp(options, lent())._client().port == 465
    missing = options.model_copy(update={"ca_file": Path("/nowhere/ca.pem")})
    with pytest.raises(ValueError, match="ca_file: No such file"):
        Smtp(missing, lent())
