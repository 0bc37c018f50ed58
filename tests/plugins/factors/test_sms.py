from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import (
    SUPPORTED_REGIONS,
    PhoneNumberFormat,
    PhoneNumberType,
    example_number_for_type,
    format_number,
    number_type,
)
from pydantic import ValidationError

from plugins.factors.sms import PLUGIN, REACHABLE, Numbers, Options, sms
from sidecar.core.model import Enrolled, Level, Person, Rejected, Started
from sidecar.core.protocols import Context
from tests.conformance.lent import lent

ANYWHERE = Numbers(None, ())
BAD = Rejected("bad-address")
CONTEXT = Context(Person("shop", "ada"), "Ada", datetime(2026, 3, 1, tzinfo=UTC), "enrollment-1")
KINDS = sorted(
    {*PhoneNumberType.values()}
    - {PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE}  # of these nobody has some
)


@pytest.mark.parametrize(
    "typed",
    [
        "+4915112345642",
        "+49 151 12345642",
        " +49 (151) 123-456.42 ",
        "+49\u00a0151/12345642",
        "0151 12345642",
        "0049 151 12345642",
    ],
)
def test_one_spelling(typed: str) -> None:
    """Whatever people put between the digits shows the same number, as E.164 writes it."""
    assert Numbers("DE", ()).read(typed) == "+4915112345642"


@pytest.mark.parametrize("typed", ["0151 12345642", "015112345642", "0049 151 12345642"])
def test_without_a_country(typed: str) -> None:
    """Without a default country a number without its own shows that it is none."""
    assert ANYWHERE.read(typed) == BAD


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.1")
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_numbers(kind: int) -> None:
    """Every kind of number of every country shows that codes go to mobile numbers only."""
    taken = set()
    for region in SUPPORTED_REGIONS:
        number = example_number_for_type(region, kind)
        # In some countries, as in North America, a number does not tell whether it is fixed.
        if number is not None and number_type(number) == kind:
            written = format_number(number, PhoneNumberFormat.E164)
            taken.add(ANYWHERE.read(written) == written)
    assert taken == {kind in REACHABLE}


@pytest.mark.conforms("ASVS-2.2.1", "ASVS-1.3.11")
@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "+", "112", "110", "911", "+49112", "12345", "+999 151 12345642", "+49 151"),
        *("+1-800-FLOWERS", "tel:+4915112345642", "+4915112345642;ext=1", "+4915112345642 x1"),
        *("+4915112345642;phone-context=evil.example", "+4915112345642,+4915112345643"),
        *("+4915112345642\n", "+4915112345642\r\nBcc: eve", "+49\x00151", "+49\t15112345642"),
        *(
            "＋4915112345642",
            "+٤٩١٥١١٢٣٤٥٦٤٢",
            "+４９15112345642",
            "\u202e+4915112345642",
            "\ud800",
        ),
        *("+49 151 123456421234567", "1" * 1_000_000, "+" * 41, " " * 41),
    ],
)
def test_what_is_no_number(typed: str) -> None:
    """What is no mobile number, or hides something, shows that no code goes there."""
    assert Numbers("DE", ()).read(typed) == BAD


@given(st.text(max_size=50) | st.text("+0123456789 -()/.", max_size=50))
def test_any_text(typed: str) -> None:
    """Any text shows an answer, and a number that is read once more is the same number."""
    read = Numbers("DE", ()).read(typed)
    if isinstance(read, str):
        assert ANYWHERE.read(read) == read
        assert read[0] == "+"
        assert read[1:].isdigit()


@pytest.mark.threat(60)
def test_regions() -> None:
    """THREATS 60: numbers of other countries, also behind a shared country code, show refusal."""
    german, american = "+4915112345642", "+14155552671"
    canadian, jamaican = "+15062345678", "+18762101234"
    numbers = Numbers("DE", ("DE", "US"))
    assert [numbers.read(number) for number in (german, american)] == [german, american]
    for number in (canadian, jamaican, "+881612345678", "+447400123456"):
        assert ANYWHERE.read(number) == number
        assert numbers.read(number) == Rejected("region-refused")
    assert numbers.read("+49301234567") == BAD


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4915112345642", "+49 ••• ••42"),
        ("+14155552671", "+1 ••• ••71"),
        ("+447400123456", "+44 ••• ••56"),
    ],
)
def test_masked(number: str, shown: str) -> None:
    """A masked number shows its country and its end."""
    assert ANYWHERE.mask(number) == shown


@pytest.mark.conforms("NIST-AUPSTN-1", "NIST-RESTA-2", "NIST-PHIRES-1")
def test_what_it_is_worth() -> None:
    """The traits show a restricted second factor that is not phishing-resistant."""
    traits = sms(Options(transport="texts"), lent("sms")).traits
    assert (traits.channel, traits.amr) == ("sms", ("sms",))
    assert traits.restricted
    assert traits.strict
    assert traits.level is Level.TWO_FACTOR
    assert not traits.phishing_resistant
    assert PLUGIN.options is Options


@pytest.mark.conforms("ASVS-6.6.1", "NIST-RESTA-2")
async def test_a_number_is_set_up() -> None:
    """Both steps show the notice, the message in the words of the options, and the number."""
    options = Options.model_validate(
        {"transport": "texts", "life": "5m", "digits": 8, "default_region": "DE", "regions": ["DE"]}
    )
    made = sms(options, lent("sms"))
    first = await made.begin_enrollment(CONTEXT, {})
    assert first.prompt.data["regions"] == ("DE",)
    assert first.prompt.data["restricted"] is True
    answer = {"address": "0151 12345642", "accept_risk": "yes"}
    step = await made.finish_enrollment(CONTEXT, first.state, answer)
    assert isinstance(step, Started)
    (message,) = step.messages
    assert (message.channel, message.to) == ("sms", "+4915112345642")
    assert (message.template, message.transport) == ("confirm_address", "texts")
    assert message.values["minutes"] == "5"
    assert message.values["host"] == "shop.example.com"
    assert len(message.values["code"]) == 8
    enrolled = await made.finish_enrollment(CONTEXT, step.state, {"code": message.values["code"]})
    assert isinstance(enrolled, Enrolled)
    assert enrolled.detail == "+49 ••• ••42"
    for address, reason in (("+14155552671", "region-refused"), ("110", "bad-address")):
        answer = {"address": address, "accept_risk": "yes"}
        assert await made.finish_enrollment(CONTEXT, first.state, answer) == Rejected(reason)


@pytest.mark.conforms("NIST-OBV-3", "NIST-OBV-5", "ASVS-6.5.4", "ASVS-6.5.5")
@pytest.mark.parametrize(
    "wrong",
    [
        {"transport": ""},
        {"digits": 5},
        {"digits": 9},
        {"life": "11m"},
        {"life": "601s"},
        {"life": "59s"},
        {"life": 600},
        {"regions": ["Germany"]},
        {"regions": ["de"]},
        {"regions": ["+49"]},
        {"default_region": "ZZ"},
        {"template": "x"},
    ],
)
def test_options_that_never_start(wrong: dict[str, object]) -> None:
    """Options beyond what codes may be, and unknown ones, show that they never start."""
    with pytest.raises(ValidationError):
        Options.model_validate({"transport": "texts", **wrong})


def test_options_as_they_come() -> None:
    """Options left out show six digits and ten minutes."""
    options = Options(transport="texts")
    assert (options.digits, options.life) == (6, timedelta(minutes=10))
    with pytest.raises(ValidationError):
        Options.model_validate({})
