"""Codes by text message, to a mobile number that was shown to be the person's.

NIST restricts the public telephone network (800-63B §3.1.3.3 and §3.2.9): the code does not protect
against a page that asks for it (phishing), nor against whoever takes the number over (SIM swap),
redirects its messages or reads them on a lock screen. The last line of the message binds the code
to our host, for browsers that fill it in: a help against phishing, not a protection.
"""

from dataclasses import dataclass
from datetime import timedelta
from string import digits
from typing import Annotated, Final

from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
    number_type,
    parse,
    region_code_for_number,
)
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sidecar.core.durations import parse_duration
from sidecar.core.masking import masked
from sidecar.core.message_codes import (
    FEWEST_DIGITS,
    LONGEST_LIFE,
    MOST_DIGITS,
    SHORTEST_LIFE,
    MessageCodes,
)
from sidecar.core.message_factor import MessageFactor
from sidecar.core.model import Rejected
from sidecar.core.protocols import Factor, FactorTraits, Plugin, Tools

TRAITS: Final = FactorTraits(proves="possession", amr=("sms",), restricted=True, channel="sms")
"""Source: RFC 8176 §2 (`sms`), NIST 800-63B §3.1.3.3 AUPSTN-1 (restricted)."""
REACHABLE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""Kinds of numbers that get text messages at no price of their own; where a country's numbers do
not tell them apart (as in North America) it may be a fixed line. Premium, shared-cost, personal and
short numbers are no places for codes: someone earns by each message to them (toll fraud)."""
MAX_INPUT_CHARACTERS: Final = 40
"""15 digits (E.164 §6.2.1) with room for what people put between them."""

_WRITTEN: Final = frozenset(digits + "+ -./()\u00a0")
"""Without letters: neither `1-800-FLOWERS` nor `tel:` nor an extension is a mobile number."""


def _region(name: str) -> str:
    if name not in SUPPORTED_REGIONS:
        raise ValueError(f"{name!r} is no region: write two capital letters, such as DE")
    return name


Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]
Region = Annotated[str, AfterValidator(_region)]


class Options(BaseModel):
    """Where codes may go and how they are made."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    transport: str = Field(min_length=1)
    """Instance name of the transport that carries the messages."""
    default_region: Region | None = None
    """Country of numbers that are typed without `+` and country code, such as DE."""
    regions: tuple[Region, ...] = ()
    """Countries whose numbers may be set up here; empty: all to which messages may go at all."""
    digits: int = Field(default=FEWEST_DIGITS, ge=FEWEST_DIGITS, le=MOST_DIGITS)
    """Length of a code."""
    life: Duration = Field(default=LONGEST_LIFE, ge=SHORTEST_LIFE, le=LONGEST_LIFE)
    """How long a code is good for; at most 10m (NIST OBV-3)."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Mobile numbers, written as in E.164."""

    default_region: str | None
    regions: tuple[str, ...]

    def read(self, typed: str) -> str | Rejected:
        if len(typed) > MAX_INPUT_CHARACTERS or not _WRITTEN.issuperset(typed):
            return Rejected("bad-address")
        try:
            number = parse(typed, self.default_region)
        except NumberParseException:
            return Rejected("bad-address")
        if not is_valid_number(number) or number_type(number) not in REACHABLE:
            return Rejected("bad-address")
        if self.regions and region_code_for_number(number) not in self.regions:
            return Rejected("region-refused")
        return format_number(number, PhoneNumberFormat.E164)

    def mask(self, to: str) -> str:
        return masked("sms", to)


def sms(options: Options, tools: Tools) -> Factor:
    """Return the factor that sends text messages."""
    return MessageFactor(
        TRAITS,
        Numbers(options.default_region, options.regions),
        MessageCodes(tools.keyed, options.digits, options.life),
        transport=options.transport,
        origins=tools.origins,
    )


PLUGIN: Plugin[Options, Factor] = Plugin(Options, sms)
