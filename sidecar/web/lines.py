"""The lines of the account page: methods, codes, browsers, addresses, and what happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Method:
    """One authenticator in the list of sign-in methods."""

    id: str
    kind: str
    name: str
    """Empty: the templates' word for the kind."""
    added: datetime
    last_used: datetime | None = None
    removable: bool = True
    held_until: datetime | None = None
    suspended: bool = False
    detail: str = ""
    """What tells it from others of its kind: a masked number, a key's model."""
    label: str = ""
    """The plugin's own word for the kind."""
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Codes:
    """The set of backup codes: how many are left."""

    id: str
    left: int
    total: int
    added: datetime


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One signed-in browser."""

    id: str
    browser: str
    place: str
    started: datetime
    last_seen: datetime
    current: bool = False


@dataclass(frozen=True, slots=True)
class BrowserLine:
    """One browser that need not confirm again for a while."""

    id: str
    browser: str
    place: str
    added: datetime
    last_used: datetime
    expires: datetime
    current: bool = False


@dataclass(frozen=True, slots=True)
class AddressLine:
    """Where the person is told of what happens to their account."""

    channel: str
    to: str
    """Masked."""
    verified: bool = True
    """A code went there and came back; otherwise the application states the address."""


ProofEvent = Literal["verified", "wrong-code", "locked", "disabled", "code-used"]
MethodEvent = Literal["added", "removed", "renamed", "codes-made", "disowned"]
BrowserEvent = Literal["browser-remembered", "browser-forgotten", "browser-stolen"]
SessionEvent = Literal["session-ended", "sessions-ended", "signed-out"]
EventKind = ProofEvent | MethodEvent | BrowserEvent | SessionEvent


@dataclass(frozen=True, slots=True)
class Event:
    """One line of recent activity."""

    at: datetime
    kind: EventKind
    about: str = ""
    browser: str = ""
    place: str = ""
