"""Helping somebody who lost every factor: one client asks, another one approves."""

from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, Identifier, Line, Moment, UserId
from sidecar.core.clients import Scope
from sidecar.core.errors import AccessDenied, Conflict, NotFound

TAG: Final = "recovery"


class RecoveryAsked(ApiModel):
    """Who needs help, and how that is known."""

    user_id: UserId
    reason: Line
    """What happened, and how it was made sure that it is really them; kept in the audit trail."""


class RecoveryWaiting(ApiModel):
    """A request that waits for another client's decision."""

    recovery_id: str
    status: Literal["pending"]
    expires_at: Moment
    """Decided by then, or void."""


class RecoveryDecision(ApiModel):
    """What is decided of a request."""

    recovery_id: Identifier
    approve: bool = True
    """False: denied for good."""
    note: Line | None = None
    """Why; kept in the audit trail."""


class RecoveryDecided(ApiModel):
    """What became of a request."""

    recovery_id: str
    user_id: str
    status: Literal["approved", "denied"]
    removed: Annotated[int, Field(ge=0)]
    """How many authenticators the person had; all of them are gone."""
    invitation: str | None
    """Opens the person's next first enrollment, once: hand it to them. Shown only now; null where
    it was denied."""
    invitation_expires_at: Moment | None


ASK: Final = Endpoint(
    "POST",
    "/recovery",
    "requestRecovery",
    TAG,
    "Ask for somebody to begin anew",
    Scope.RECOVERY_WRITE,
    {202: RecoveryWaiting},
    text=(
        "Nothing changes before another client approves. An earlier request for the same person is"
        " void. Answers alike for people whom nobody knows."
    ),
    body=RecoveryAsked,
    example={"user_id": "alice", "reason": "lost phone; passport seen at the desk"},
    answer_example={
        "recovery_id": "qW7n0Jt6l1BDK3b6yW8xg2NqRz5f7QmT",
        "status": "pending",
        "expires_at": "2026-02-04T08:15:00Z",
    },
    follows=(Follow("decideRecovery", body={"recovery_id": "/recovery_id"}),),
)
DECIDE: Final = Endpoint(
    "POST",
    "/recovery/approve",
    "decideRecovery",
    TAG,
    "Approve or deny such a request",
    Scope.RECOVERY_APPROVE,
    {200: RecoveryDecided},
    text=(
        "By another client than the one that asked (else 403). Approved, the person is reset: what"
        " they had is gone, they are signed out everywhere and told of it, and an invitation opens"
        " their next enrollment. A request that is decided, superseded or too old is 404, as one"
        " that never was. 409: their factors are switched off, so that no invitation would help."
    ),
    body=RecoveryDecision,
    problems=(AccessDenied, NotFound, Conflict),
    example={"recovery_id": "qW7n0Jt6l1BDK3b6yW8xg2NqRz5f7QmT", "note": "called back"},
    answer_example={
        "recovery_id": "qW7n0Jt6l1BDK3b6yW8xg2NqRz5f7QmT",
        "user_id": "app_login:alice",
        "status": "approved",
        "removed": 2,
        "invitation": "4f2b9c0-1d4e6a7-83b5c0f-9e8d7a6",
        "invitation_expires_at": "2026-02-10T09:00:00Z",
    },
    follows=(Follow("readStatus", {"user_id": "/user_id"}),),
)
ENDPOINTS: Final = (ASK, DECIDE)
