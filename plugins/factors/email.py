"""Codes by email, to a mailbox that was shown to be the person's.

A code shows that somebody reads a mailbox, which a password alone may open: NIST does not take it
for a second factor (800-63B §3.1.3.1 OBA-3), nor does ASVS level 3 (6.3.6), so under the strict
profiles it counts as none. It does not protect against a page that asks for the code (phishing),
nor against whoever reads the mail on its way or forwards it.
"""

from dataclasses import dataclass
from datetime import timedelta
from string import ascii_letters, digits
from typing import Annotated, Final
from unicodedata import is_normalized

import idna
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

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

TRAITS: Final = FactorTraits(proves="possession", amr=(), strict=False, channel="email")
"""RFC 8176 has no word for codes by email, so a proof by one adds none."""
MAX_CHARACTERS: Final = 254
"""Source: RFC 5321 §4.5.3.1.3, less the angle brackets."""
MAX_LOCAL_CHARACTERS: Final = 64
"""Source: RFC 5321 §4.5.3.1.1."""
MAX_LABEL_CHARACTERS: Final = 63
"""Source: RFC 1035 §2.3.4."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]

_ATOM: Final = frozenset(ascii_letters + digits + "#$&'*+-/=?^_`{|}~")
"""Source: RFC 5322 §3.2.3, without `!` and `%`: some relays read another destination from them.
Quoted local parts are not taken either, nor such as need SMTPUTF8 of every server on the way."""
_LABEL: Final = frozenset(ascii_letters + digits + "-")


class Options(BaseModel):
    """How codes are made and by which way they go."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    transport: str = Field(min_length=1)
    """Instance name of the transport that carries the messages."""
    digits: int = Field(default=FEWEST_DIGITS, ge=FEWEST_DIGITS, le=MOST_DIGITS)
    """Length of a code."""
    life: Duration = Field(default=LONGEST_LIFE, ge=SHORTEST_LIFE, le=LONGEST_LIFE)
    """How long a code is good for; at most 10m (NIST OBV-3)."""


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Mailboxes, with the domain in ASCII and lower case."""

    regions: tuple[str, ...] = ()

    def read(self, typed: str) -> str | Rejected:
        """Refuse whatever has two readings: one address must not pass for another."""
        written = typed.strip(" ")
        # What NFKC changes looks like something else, and a server may take it for that.
        if len(written) > MAX_CHARACTERS or not is_normalized("NFKC", written):
            return Rejected("bad-address")
        local, _, domain = written.partition("@")
        host = _host(domain)
        if host is None or not _is_local(local):
            return Rejected("bad-address")
        to = f"{local}@{host}"
        return to if len(to) <= MAX_CHARACTERS else Rejected("bad-address")

    def mask(self, to: str) -> str:
        return masked("email", to)


def email(options: Options, tools: Tools) -> Factor:
    """Return the factor that sends emails."""
    return MessageFactor(
        TRAITS,
        Mailboxes(),
        MessageCodes(tools.keyed, options.digits, options.life),
        transport=options.transport,
        origins=tools.origins,
    )


def _is_local(local: str) -> bool:
    atoms = local.split(".")
    return len(local) <= MAX_LOCAL_CHARACTERS and all(
        atom and _ATOM.issuperset(atom) for atom in atoms
    )


def _host(domain: str) -> str | None:
    """Return the domain as DNS knows it; None for what is none, or has no dot or is a number."""
    try:
        host = idna.encode(domain.lower()).decode()
    except UnicodeError:
        return None
    *above, top = host.split(".")
    return host if above and all(map(_is_label, (*above, top))) and not top.isdigit() else None


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= MAX_LABEL_CHARACTERS
        and _LABEL.issuperset(label)
        and label[0] != "-" != label[-1]
    )


PLUGIN: Plugin[Options, Factor] = Plugin(Options, email)
