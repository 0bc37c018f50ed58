"""The words that stand in labels; members are numbered as their cells are."""

from enum import IntEnum
from typing import Final

NO_RULE: Final = "-"
"""Stands where a request was answered before a rule was found, or needed none; no rule can have
this name."""


class Decided(IntEnum):
    """What became of a request."""

    ALLOW = 0
    BYPASS = 1
    """The rule asks nothing of anybody."""
    PREFLIGHT = 2
    """A CORS preflight that the rule lets through."""
    ANONYMOUS = 3
    """Passed on as nobody's (`unidentified: pass`)."""
    IDENTIFY = 4
    STEP_UP = 5
    ENROLL = 6
    RECOVER = 7
    DENY = 8
    PAGE = 9
    """Answered by our own pages."""
    REFUSED = 10
    """No decision: the request itself is at fault."""
    FAILED = 11
    """No decision: the sidecar, or what it depends on, is at fault."""
    REMEMBERED = 12
    """Led back to where it was going, in a session of a remembered browser."""
    EXEMPT = 13
    """Allowed with nothing proven: an operator switched the person's factors off, and
    `policy.exempt_disabled` lets them pass."""
    OUTAGE = 14
    """Allowed while the database was down, by what was in memory before (`on_outage`)."""


class Failure(IntEnum):
    """How an application failed."""

    UNREACHABLE = 0
    """Refused, not resolved, not trusted, or gone before it answered."""
    TIMED_OUT = 1
    BROKEN = 2
    """The answer had begun and did not end, or was none."""
    CROWDED = 3
    """No connection became free."""


class Question(IntEnum):
    """How it was found out who a request is from."""

    ASKED = 0
    JOINED = 1
    """The same question was under way."""
    FAILED = 2
    """Asked, and the identity source could not tell."""


class Found(IntEnum):
    """Where a session was looked up."""

    MEMORY = 0
    STORE = 1


class Called(IntEnum):
    """How a call of a factor plugin went."""

    ANSWERED = 0
    """In time and in our words; a rejection is an answer."""
    RAISED = 1
    TIMED_OUT = 2
    NONSENSE = 3
    """Something that is no answer: of a wrong type, or about an authenticator not given."""


class State(IntEnum):
    """What a connection to an application does."""

    IDLE = 0
    TAKEN = 1


class Work(IntEnum):
    """What a transaction of the store does."""

    READ = 0
    WRITE = 1


class Swept(IntEnum):
    """Tables that rows are removed from once they are over."""

    TWO_FACTOR_ATTEMPTS = 0
    TWO_FACTOR_CHALLENGES = 1
    SESSIONS = 2
    REVOCATIONS = 3
    INVITATIONS = 4
    OUTBOX = 5
    TRUSTED_DEVICES = 6
    IDEMPOTENCY_KEYS = 7
    API_TOKENS = 8
    RECOVERY_REQUESTS = 9


class Outcome(IntEnum):
    """What a transport made of a message."""

    SENT = 0
    FAILED = 1
    UNSURE = 2
    """Nobody knows whether a provider took it."""


class Heard(IntEnum):
    """What the provider of a transport told of a message."""

    ARRIVED = 0
    LOST = 1
    UNKNOWN = 2
    """It was about no message that is still to be told of."""
    REFUSED = 3
    """The call was not the provider's."""


CHANNELS: Final = ("sms", "email")
"""The channels that messages are counted under; plugins' own are `other`."""

NO_REGION: Final = "-"
"""Stands where a message goes to no region of telephone numbers."""

STATUSES: Final = ("none", *(f"{number}xx" for number in range(1, 10)))
"""Classes of statuses by their first digit."""

WIRE: Final = {status: f"http-{status}" for status in (400, 405, 408, 414, 431, 500, 503, 505)}
"""Reasons of refusals that the front writes before there is a request to judge."""

OTHER: Final = "other"
"""Stands for a reason that was not known at start: that of a plugin's own error."""


def word(member: IntEnum) -> str:
    return member.name.lower()


def words(kind: type[IntEnum]) -> tuple[str, ...]:
    """Return what the members are called in labels, in the order of their numbers."""
    return tuple(word(member) for member in kind)
