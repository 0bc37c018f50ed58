"""What pages ask of a person: the factors to choose from, a prompt, and what was wrong."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sidecar.core.model import Prompt

AnswerFault = Literal["wrong", "malformed", "already-used", "clock-off", "locked", "expired"]
KeyFault = Literal["unknown-key", "cloned", "unverified", "unsuitable", "already-registered"]
MessageFault = Literal[
    "bad-address",
    "region-refused",
    "risk-not-accepted",
    "delivery-failed",
    "too-many-messages",
]
PluginFault = Literal["out-of-order"]
FormFault = Literal["invitation", "not-kept", "bad-name"]
FaultKind = AnswerFault | KeyFault | MessageFault | PluginFault | FormFault
Reason = Literal["sign-in", "remembered", "stale", "stronger"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong with what the person sent, or what did not work for them."""

    kind: FaultKind
    offset_s: int = 0
    """For `clock-off`: how far the device runs ahead (negative: behind)."""
    until: datetime | None = None
    """For `locked` and `too-many-messages`: when the next try is taken."""
    number: str = ""
    """For `out-of-order`: the request id, by which the log tells what happened."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A factor that the person may set up; `kind` is its plugin, `factor` its instance name."""

    factor: str
    kind: str
    label: str = ""
    """The plugin's own word, where the templates have none for the kind."""
    restricted: bool = False
    """Weaker than the others, which the person is told before they choose (NIST RESTA-2)."""
    recommended: bool = False
    held: int = 0
    """How many of this factor the person has already."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a code can be sent; never the whole address."""

    id: str
    """What the form sends: an authenticator's id, or the channel of a stated address."""
    channel: str
    to: str
    """Masked: `+49 ••• ••42`."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A factor that the person may answer with."""

    factor: str
    kind: str
    label: str = ""
    detail: str = ""
    """A name or a masked target, never the whole address."""
    last_used: datetime | None = None
    locked_until: datetime | None = None
    left: int | None = None
    channel: str = ""
    """Of the messages that its codes travel by; empty where it sends none."""
    targets: tuple[Target, ...] = ()
    """Where its codes can be sent; with more than one the person chooses."""
    held_until: datetime | None = None
    """Until then it is too new for what is being opened."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey's challenge beside another question: the browser may offer it at the field."""

    factor: str
    prompt: Prompt = field(repr=False)
    carried: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """The prompt of the factor asked for, with the other ways below it.

    Without a prompt the page offers to begin: GET begins nothing and sends nothing.
    """

    current: Offer
    prompt: Prompt | None = None
    challenge: str = ""
    """The id of an open challenge; or else the page has `carried`, one that is not stored yet."""
    others: tuple[Offer, ...] = ()
    fault: Fault | None = None
    until: datetime | None = None
    """How long the code that was sent works."""
    again_at: datetime | None = None
    """When the message can be sent once more; None: it cannot, or there is none."""
    sent_again: bool = False
    """It just was: say so."""
    carried: str = field(default="", repr=False)
    passkey: Passkey | None = None
    tell: Prompt | None = None
    """What the page's script should know of the answer before: that a key is unknown to us."""
