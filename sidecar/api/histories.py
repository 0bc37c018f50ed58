"""What happened: tries at factors, and the acts of the audit trail."""

from typing import Annotated, Final

from pydantic import Field

from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, AskedMoment, Cursor, Moment, Paged, UserId, Word
from sidecar.core.clients import Scope

TAG: Final = "attempts"

EventName = Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+$", max_length=64)]


class Asked(Paged):
    """Which rows are asked for; newest come first."""

    user_id: UserId | None = None
    since: AskedMoment | None = None
    """From then on."""
    until: AskedMoment | None = None
    """Before then."""


class AskedAttempts(Asked):
    """Which tries are asked for."""

    factor: Word | None = None


class Attempt(ApiModel):
    """One try at a factor; it was counted before it was looked at."""

    id: int
    user_id: str
    """`erased:` and a pseudonym, where the person was erased."""
    factor: str
    at: Moment
    verified: bool
    """It was right."""
    settled: bool
    """Its outcome was told; one that never was counts as wrong."""
    known: bool
    """It came from a browser that had passed as this person before."""


class Attempts(ApiModel):
    """A page of tries."""

    attempts: tuple[Attempt, ...]
    next: Cursor | None
    """Asks for the page that follows; null: there is none."""


class AskedEvents(Asked):
    """Which acts are asked for."""

    name: EventName | None = None
    """Such as `authenticator.added`."""


class Event(ApiModel):
    """One act, as the audit trail keeps it."""

    id: int
    at: Moment
    name: str
    user_id: str | None
    """Whom it was about; `erased:` and a pseudonym, where they were erased."""
    actor: str
    """Who acted: `self`, `operator:<name>`, `api:<client>`, `link` or `system`."""
    request_id: str
    """Finds the request in the log; empty where it was none."""
    details: dict[str, str | int | bool]
    """Such as the `factor`, and the `network` and `user_agent` it came from."""


class Events(ApiModel):
    """A page of acts."""

    events: tuple[Event, ...]
    next: Cursor | None
    """Asks for the page that follows; null: there is none."""


ATTEMPTS: Final = Endpoint(
    "GET",
    "/attempts",
    "listAttempts",
    TAG,
    "List tries at factors, newest first",
    Scope.ATTEMPTS_READ,
    {200: Attempts},
    query=AskedAttempts,
    answer_example={
        "attempts": [
            {
                "id": 4711,
                "user_id": "app_login:alice",
                "factor": "totp",
                "at": "2026-02-03T08:15:00Z",
                "verified": True,
                "settled": True,
                "known": False,
            }
        ],
        "next": "WzQ3MTFd",
    },
    follows=(Follow("listAuthenticators", {"user_id": "/attempts/0/user_id"}),),
)
EVENTS: Final = Endpoint(
    "GET",
    "/events",
    "listEvents",
    TAG,
    "List the acts of the audit trail, newest first",
    Scope.ATTEMPTS_READ,
    {200: Events},
    query=AskedEvents,
    answer_example={
        "events": [
            {
                "id": 815,
                "at": "2026-02-03T08:15:00Z",
                "name": "authenticator.added",
                "user_id": "app_login:alice",
                "actor": "self",
                "request_id": "5f2b9c01d4e6a783",
                "details": {"factor": "totp", "network": "203.0.113.0/24"},
            }
        ],
        "next": None,
    },
)
ENDPOINTS: Final = (ATTEMPTS, EVENTS)
