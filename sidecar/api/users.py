"""Everybody whom the sidecar knows: called otherwise, erased, reset, unlocked."""

from typing import Annotated, Final

from pydantic import Field

from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, Line, Moment, UserId
from sidecar.core.clients import Scope
from sidecar.core.errors import Conflict, NotFound

TAG: Final = "users"


class User(ApiModel):
    """What is known of a person in a line."""

    user_id: str
    enabled: bool
    """False: none of their factors is accepted."""
    required: bool
    """They must keep a second factor."""
    created_at: Moment
    """When the sidecar first had to remember something of them."""
    enrolled_at: Moment | None
    """When the first authenticator was confirmed; null: never, or not since they were reset."""


class UserChange(ApiModel):
    """How a person is called from now on."""

    user_id: UserId
    """In the same realm; nobody may be called so yet."""


class UserErased(ApiModel):
    """What is left of a person."""

    pseudonym: str
    """Stands in their place in tries and in the audit trail, as `erased:` and this."""


class UserReset(ApiModel):
    """Why somebody begins anew."""

    reason: Line
    """Kept in the audit trail."""


class UserWasReset(ApiModel):
    """Somebody who may enroll as if new."""

    user_id: str
    removed: Annotated[int, Field(ge=0)]
    """How many authenticators they had; all of them are gone."""
    enabled: bool
    """False: they were switched off before, and are; nothing can be set up until `/enable`."""


class UserUnlock(ApiModel):
    """Why somebody may try again at once."""

    reason: Line | None = None
    """Kept in the audit trail."""


class UserUnlocked(ApiModel):
    """Somebody whose tries count from nothing again."""

    user_id: str


_AT: Final = {"user_id": "/user_id"}
_EXAMPLE: Final = {
    "user_id": "app_login:alice",
    "enabled": True,
    "required": False,
    "created_at": "2026-01-30T09:30:00Z",
    "enrolled_at": "2026-01-31T12:00:00Z",
}

RENAME: Final = Endpoint(
    "PATCH",
    "/users/{user_id}",
    "renameUser",
    TAG,
    "Call a person otherwise",
    Scope.USERS_WRITE,
    {200: User},
    text=(
        "For when the application gives somebody another id in the same realm. Everything of theirs"
        " goes along, tries included; they are signed out, and challenges, invitations and messages"
        " that were under way are void. The audit trail keeps the name of its time: erase both."
    ),
    body=UserChange,
    problems=(NotFound, Conflict),
    example={"user_id": "alice.smith"},
    answer_example={**_EXAMPLE, "user_id": "app_login:alice.smith"},
    follows=(Follow("readStatus", _AT), Follow("renameUser", _AT), Follow("eraseUser", _AT)),
)
ERASE: Final = Endpoint(
    "DELETE",
    "/users/{user_id}",
    "eraseUser",
    TAG,
    "Erase a person",
    Scope.USERS_DELETE,
    {200: UserErased},
    text=(
        "Everything of theirs goes, and they are signed out everywhere. Tries and the audit trail"
        " stay, under a pseudonym. The person is not told: where to is gone, too. Whoever comes"
        " again under the name is a newcomer."
    ),
    problems=(NotFound,),
    answer_example={"pseudonym": "9f2c4b7e1a6d8035c2b91f4e7d3a6085"},
)
RESET: Final = Endpoint(
    "POST",
    "/users/{user_id}/reset",
    "resetUser",
    TAG,
    "Let a person begin anew",
    Scope.USERS_WRITE,
    {200: UserWasReset},
    text=(
        "What they had is gone; they are signed out everywhere and told of it, and set up a first"
        " factor as newcomers do: invite them. Where two people should agree, use `/recovery`."
    ),
    body=UserReset,
    problems=(NotFound,),
    example={"reason": "lost phone; passport seen at the desk"},
    answer_example={"user_id": "app_login:alice", "removed": 2, "enabled": True},
    follows=(Follow("readStatus", _AT),),
)
UNLOCK: Final = Endpoint(
    "POST",
    "/users/{user_id}/unlock",
    "unlockUser",
    TAG,
    "Let a person try again at once",
    Scope.USERS_WRITE,
    {200: UserUnlocked},
    text=(
        "Tries made before count no longer. What a hundred failures in a row disabled stays so, and"
        " has to be set up anew (NIST RL-4)."
    ),
    body=UserUnlock,
    problems=(NotFound,),
    example={"reason": "called, child played with the phone"},
    answer_example={"user_id": "app_login:alice"},
    follows=(Follow("readStatus", _AT),),
)
ENDPOINTS: Final = (RENAME, ERASE, RESET, UNLOCK)
