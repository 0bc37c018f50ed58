"""Messages to people: what a factor or a flow asks for, what a transport carries, what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a person can be reached; `to` is in its one spelling (E.164, lower-case domain)."""

    channel: str
    """`sms`, `email`, or what a plugin's own transport carries."""
    to: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be delivered to a person; the flow does it, the factor only says so."""

    channel: str
    template: str
    """Names `templates/messages/<template>.txt`, and `.html` where there is one."""
    to: str = field(repr=False)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    transport: str = ""
    """Instance name of the transport; empty: the first that carries the channel."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words, for a transport to carry."""

    channel: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    key: str
    """Idempotency key, 22 to 64 of `A-Za-z0-9_-`: the same letter offered again has the same."""
    expires_at: datetime
    """Of no use afterwards, so that a relay need not carry it any more."""
    subject: str = field(default="", repr=False)
    html: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider took the letter; that is not yet that it arrived."""

    provider: str
    """Instance name of the transport that took it: behind a failover, the one it chose."""
    reference: str = ""
    """The provider's own name for it; empty where it gives none."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A request by which a provider tells what became of letters; not believed before checked."""

    method: str
    url: str
    """As the provider was told to call it, with the query that it added."""
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider says became of a letter."""

    reference: str
    arrived: bool
    reason: str = ""
    """The provider's own code of a failure, for the log."""
