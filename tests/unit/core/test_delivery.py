"""What transports have in common."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.delivery import (
    admit,
    basic,
    endpoint,
    failure,
    mailbox,
    reference,
    told_by,
    was_taken,
)
from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.core.messages import Callback
from sidecar.core.protocols import Asked
from sidecar.core.transports import TransportTraits
from tests.vendors.stands import NOW, letter

BOTH = TransportTraits(frozenset({"sms", "email", "pigeon"}))


def test_letters_of_use_are_admitted() -> None:
    """Letters of each channel show for how long they are of use."""
    assert admit(letter(), BOTH, NOW) == 600
    assert admit(letter("email"), BOTH, NOW + timedelta(seconds=30.5)) == 569
    assert admit(letter("pigeon", to="the red loft"), BOTH, NOW) == 600


def test_addresses_of_other_channels_are_a_line() -> None:
    """Addresses of a plugin's own channel show that they may be anything that stays in a line."""
    for wrong in ("", "a\nb", "a\0", "\u202ea", "x" * 255):
        with pytest.raises(DeliveryFailed) as failed:
            admit(letter("pigeon", to=wrong), BOTH, NOW)
        assert failed.value.why is Undelivered.RECIPIENT


def test_halves_of_characters_are_no_text() -> None:
    """A text that no encoding can write shows that its letter is refused before it is begun."""
    for changed in ({"text": "\ud83d"}, {"subject": "\udd11"}, {"html": "\ud800x"}):
        with pytest.raises(DeliveryFailed) as failed:
            admit(letter("email", **changed), BOTH, NOW)
        assert failed.value.why is Undelivered.REFUSED


@given(st.text(max_size=70), st.text(max_size=70))
def test_an_address_stays_in_its_line(local: str, domain: str) -> None:
    """Any text shows that what passes as a mailbox could end neither a line nor an address."""
    try:
        read = mailbox(f"{local}@{domain}")
    except DeliveryFailed as failed:
        assert failed.why is Undelivered.RECIPIENT  # noqa: PT017 - either outcome is right
        return
    whole = "@".join(read)
    assert whole.isprintable()
    assert not set(' <>()[]:;,"\\\r\n') & set(whole)
    assert whole.count("@") == 1
    assert read[1].isascii()
    assert len(whole.encode()) <= 254


def test_mailboxes() -> None:
    """Addresses of the world show that their domain is written in ASCII and lower case."""
    assert mailbox("Ada.L+x@Example.COM") == ("Ada.L+x", "example.com")
    assert mailbox("jörg@bücher.example") == ("jörg", "xn--bcher-kva.example")
    assert mailbox("root@localhost") == ("root", "localhost")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (301, Undelivered.REFUSED),
        (400, Undelivered.REFUSED),
        (401, Undelivered.REFUSED),
        (408, Undelivered.UNAVAILABLE),
        (429, Undelivered.UNAVAILABLE),
        (500, Undelivered.UNSURE),
        (502, Undelivered.UNSURE),
        (503, Undelivered.UNAVAILABLE),
        (504, Undelivered.UNSURE),
        (200, Undelivered.UNSURE),
    ],
)
def test_statuses(status: int, why: Undelivered) -> None:
    """Each status shows what became of a letter, unless the provider's own code says it."""
    answer = Asked(status, (), b"")
    assert failure(answer).why is why
    assert failure(answer, "7", {"7": Undelivered.RECIPIENT}).why is Undelivered.RECIPIENT
    assert was_taken(answer) is (status == 200)


def test_only_codes_are_told_on() -> None:
    """Texts in the place of a code show that they are not repeated."""
    answer = Asked(400, ((b"Retry-After", b"7"),), b"")
    assert str(failure(answer, "21211")) == "status 400, code 21211"
    assert str(failure(answer, "+49 151 is wrong")) == "status 400"
    assert failure(answer).retry_after_s == 7


def test_references_are_names() -> None:
    """Everything but a short name shows that it is not known what became of the letter."""
    assert reference("SM-0.1_a") == "SM-0.1_a"
    for odd in ("", "a b", "a\n", "x" * 65, None, 7, ["a"]):
        with pytest.raises(DeliveryFailed) as failed:
            reference(odd)
        assert failed.value.why is Undelivered.UNSURE


@pytest.mark.conforms("NIST-OBA-1", "ASVS-12.3.1")
def test_endpoints_are_https() -> None:
    """URLs of other kinds show that they are faults, and http that it needs leave."""
    assert endpoint("https://api.example.com/v1/", private=False) == "https://api.example.com/v1"
    assert endpoint("http://127.0.0.1:8080", private=True) == "http://127.0.0.1:8080"
    for url in (
        *("http://api.example.com", "ftp://api.example.com", "api.example.com", "https://"),
        *("https://a@api.example.com", "https://api.example.com/?q", "https://api.example.com/#f"),
    ):
        with pytest.raises(ValueError, match="URL"):
            endpoint(url, private=False)


def test_headers_of_callbacks_stand_alone() -> None:
    """A header in any case, missing, or twice shows that only the one is read."""
    once, twice = ((b"X-Sig", b"a"),), ((b"X-Sig", b"a"), (b"x-sig", b"b"))
    assert told_by(Callback("POST", "", once, b""), "x-SIG") == "a"
    assert told_by(Callback("POST", "", twice, b""), "x-sig") == ""
    assert told_by(Callback("POST", "", (), b""), "x-sig") == ""
    assert basic("Aladdin", "open sesame") == b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
