"""Single-use codes that open somebody's first enrollment."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from sidecar.api.authenticators import Whose
from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, Moment, UserId, Whole
from sidecar.core.clients import Scope
from sidecar.core.errors import Conflict

TAG: Final = "invitations"
SHORTEST_S: Final = 60
LONGEST_S: Final = int(timedelta(days=30).total_seconds())
USUAL_S: Final = int(timedelta(days=7).total_seconds())


class Invite(ApiModel):
    """Who is to be invited, and for how long."""

    user_id: UserId
    life_s: Annotated[int, Field(ge=SHORTEST_S, le=LONGEST_S), Whole] = USUAL_S
    """Seconds for which the code opens anything; a week where nothing is said."""


class Invitation(ApiModel):
    """A code to be handed to the person; it is shown only now."""

    user_id: str
    code: str
    expires_at: Moment


INVITE: Final = Endpoint(
    "POST",
    "/invitations",
    "invite",
    TAG,
    "Make a code that opens a person's first enrollment",
    Scope.INVITATIONS_WRITE,
    {201: Invitation},
    text="An earlier code of the same person opens nothing any more.",
    body=Invite,
    problems=(Conflict,),
    example={"user_id": "alice"},
    answer_example={
        "user_id": "app_login:alice",
        "code": "7K2QXVD-9MRTB4C-W8N5HJE-3FZP6GA",
        "expires_at": "2026-02-10T08:15:00Z",
    },
    follows=(Follow("withdrawInvitation", {"user_id": "/user_id"}),),
)
WITHDRAW: Final = Endpoint(
    "DELETE",
    "/invitations",
    "withdrawInvitation",
    TAG,
    "Void the code that is open for a person, if one is",
    Scope.INVITATIONS_WRITE,
    {204: None},
    query=Whose,
)
ENDPOINTS: Final = (INVITE, WITHDRAW)
