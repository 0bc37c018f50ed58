from datetime import UTC, datetime, timedelta
from time import perf_counter
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plugins.factors.email import MAX_CHARACTERS, PLUGIN, Mailboxes, Options, email
from sidecar.core.model import Enrolled, Person, Rejected, Started
from sidecar.core.protocols import Context
from tests.conformance.lent import lent

BAD = Rejected("bad-address")
READ = Mailboxes().read
LONGEST = ".".join(["b" * 63] * 2 + ["c" * 58, "de"])
"""As a domain after 64 characters and the `@` it makes an address of 254 characters."""


@pytest.mark.parametrize(
    ("typed", "to"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+x@EXAMPLE.Com ", "Ada.Lovelace+x@example.com"),
        ("o'brien_1-2@sub.example.co.uk", "o'brien_1-2@sub.example.co.uk"),
        ("ada@straße.de", "ada@xn--strae-oqa.de"),
        ("ada@STRASSE.de", "ada@strasse.de"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("a@1.example", "a@1.example"),
        (f"{'x' * 64}@example.com", f"{'x' * 64}@example.com"),
        (f"{'x' * 64}@{LONGEST}", f"{'x' * 64}@{LONGEST}"),
    ],
)
def test_one_spelling(typed: str, to: str) -> None:
    """An address shows its domain as DNS knows it, and the rest as its owner writes it."""
    assert READ(typed) == to
    assert READ(to) == to


@pytest.mark.conforms("ASVS-1.3.11", "ASVS-2.2.1")
@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "@", "a", "a@", "@example.com", "a@@example.com", "a@b@example.com", "a@.com"),
        *("a@example.com\r\nBcc: eve@example.com", "a\r\n@example.com", "a@example.com\n"),
        *(
            "a@example.com\x00",
            "a\x00@example.com",
            "a\t@example.com",
            "a@exa\tmple.com",
            "\x7f@x.de",
        ),
        *("a@example.com,b@example.com", "a@example.com;b@example.com", "<a@example.com>"),
        *("Ada <a@example.com>", '"a"@example.com', '"a b"@example.com', "a b@example.com"),
        *("a(x)@example.com", "a\\@example.com", "a:b@example.com", "a[1]@example.com"),
        *(".a@example.com", "a.@example.com", "a..b@example.com", "eve%evil.example@example.com"),
        *("evil.example!eve@example.com", "a@localhost", "a@com", "a@127.0.0.1", "a@[127.0.0.1]"),
        *("a@[IPv6:::1]", "a@2130706433", "a@example.com.", "a@example..com", "a@exa_mple.com"),
        *("a@-example.com", "a@example-.com", "a@example.1", "a@xn--zz.com", "a@xn--a.com"),
        *("ä@example.com", "a@ex\u00adample.com", "a@exam\u200bple.com", "\u202ea@example.com"),
        *("\ud800@example.com", "a@\ud800.com", f"{'x' * 65}@example.com"),
        *(f"{'x' * 64}@x{LONGEST}", f"a@{'b' * 64}.com", f"a@{'ä' * 60}.com"),
    ],
)
def test_what_is_no_address(typed: str) -> None:
    """What is no address, is two, or hides a line, shows that no code goes there."""
    assert READ(typed) == BAD


@pytest.mark.parametrize(
    "typed",
    ["a@ｅxample.com", "ﬁ@example.com", "a@ﬁnance.com", "a@exa\u212ample.com", "a@cafe\u0301.fr"],
)
def test_what_looks_like_another(typed: str) -> None:
    """What a server may take for another address shows that it is refused, not changed."""
    assert normalize("NFKC", typed) != typed
    assert READ(typed) == BAD


def test_a_name_that_looks_alike_is_shown_as_it_is() -> None:
    """A domain of letters that only look Latin shows what it is once it is masked."""
    read = READ("ada@\u0430pple.com")
    assert isinstance(read, str)
    assert Mailboxes().mask(read) == "a•••@xn--pple-43d.com"


@given(st.text(max_size=300) | st.from_regex(r"[a-zA-Z.+ ]{1,9}@[a-zA-Z.-]{1,20}", fullmatch=True))
def test_any_text(typed: str) -> None:
    """Any text shows an answer; what is read is plain, bounded, and read the same once more."""
    read = READ(typed)
    if isinstance(read, str):
        assert READ(read) == read
        assert read.isascii()
        assert read.isprintable()
        assert len(read) <= MAX_CHARACTERS
        assert read.count("@") == 1


@pytest.mark.conforms("ASVS-1.3.12")
@pytest.mark.parametrize("part", ["a", ".", "@", "-", "ä", "a.", "\u0301", "xn--", "\U0001f600"])
def test_no_text_takes_long(part: str) -> None:
    """Long and repetitive texts show that none takes noticeably long to read."""
    began = perf_counter()
    for typed in (
        part * 200_000,
        f"a@{part * 200_000}",
        f"a@{part * 250}",
        f"{part * 120}@{part * 120}.com",
    ):
        READ(typed)
    assert perf_counter() - began < 0.5


def test_masked() -> None:
    """A masked address shows its first letter and the whole domain."""
    assert Mailboxes().mask("ada.lovelace@example.com") == "a•••@example.com"
    assert Mailboxes().regions == ()


@pytest.mark.conforms("ASVS-6.3.6", "NIST-OBA-3")
def test_what_it_is_worth() -> None:
    """The traits show a factor that strict profiles do not count, and no word of RFC 8176."""
    traits = email(Options(transport="mail"), lent("email")).traits
    assert (traits.channel, traits.amr) == ("email", ())
    assert not traits.strict
    assert not traits.restricted
    assert not traits.phishing_resistant
    assert PLUGIN.options is Options


async def test_a_mailbox_is_set_up() -> None:
    """Both steps show the message in the words of the options, and the mailbox."""
    options = Options.model_validate({"transport": "mail", "life": "5m", "digits": 7})
    made, context = email(options, lent("email")), context_of("ada")
    first = await made.begin_enrollment(context, {})
    step = await made.finish_enrollment(context, first.state, {"address": "Ada@EXAMPLE.com"})
    assert isinstance(step, Started)
    (message,) = step.messages
    assert (message.channel, message.to) == ("email", "Ada@example.com")
    assert (message.template, message.transport) == ("confirm_address", "mail")
    assert message.values["minutes"] == "5"
    code = message.values["code"]
    assert len(code) == 7
    enrolled = await made.finish_enrollment(context, step.state, {"code": code})
    assert isinstance(enrolled, Enrolled)
    assert enrolled.detail == "A•••@example.com"


def context_of(subject: str) -> Context:
    return Context(
        Person("shop", subject), subject, datetime(2026, 3, 1, tzinfo=UTC), "enrollment-1"
    )


@pytest.mark.conforms("NIST-OBV-3", "NIST-OBV-5", "ASVS-6.5.4", "ASVS-6.5.5")
@pytest.mark.parametrize(
    "wrong",
    [
        {"transport": ""},
        {"digits": 5},
        {"digits": 9},
        {"life": "24h"},
        {"life": "601s"},
        {"life": "30s"},
        {"life": 600},
        {"regions": ["DE"]},
    ],
)
def test_options_that_never_start(wrong: dict[str, object]) -> None:
    """Options beyond what codes may be, and unknown ones, show that they never start."""
    with pytest.raises(ValidationError):
        Options.model_validate({"transport": "mail", **wrong})


def test_options_as_they_come() -> None:
    """Options left out show six digits and ten minutes."""
    options = Options(transport="mail")
    assert (options.digits, options.life) == (6, timedelta(minutes=10))
    with pytest.raises(ValidationError):
        Options.model_validate({})
