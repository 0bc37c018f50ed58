"""Everybody whom the sidecar knows: listed, shown, called otherwise, erased, reset, unlocked."""

from typing import Annotated, Final

from pydantic import Field

from sidecar.api.authenticators import Authenticator
from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.histories import Event
from sidecar.api.sessions import Session
from sidecar.api.words import ApiModel, AskedFlag, Cursor, Line, Moment, Paged, UserId
from sidecar.core.clients import Scope
from sidecar.core.errors import Conflict, NotFound

TAG: Final = "users"
LATEST: Final = 20
"""How many acts are shown of a person; `/events` has the others."""


class AskedUsers(Paged):
    """Which people are asked for."""

    realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None
    enabled: AskedFlag | None = None
    """False: those whose factors are switched off."""
    enrolled: AskedFlag | None = None
    """False: those who never confirmed an authenticator, or not since they were reset."""


class User(ApiModel):
    """What is known of a person in a line."""

    user_id: str
    enabled: bool
    """False: none of their factors is accepted."""
    required: bool
    """They must keep a second factor."""
    created_at: Moment | None
    """When the sidecar first had to remember something of them; null: all that is left is what was
    done, before they were called otherwise."""
    enrolled_at: Moment | None
    """When the first authenticator was confirmed; null: never, or not since they were reset."""


class Users(ApiModel):
    """A page of people, in the order of realm and subject, byte for byte."""

    users: tuple[User, ...]
    next: Cursor | None
    """Asks for the page that follows; null: there is none."""


class RememberedBrowser(ApiModel):
    """A browser that the person asked to be remembered."""

    factor: str
    """That was proven when they asked."""
    proven_at: Moment
    last_used_at: Moment
    expires_at: Moment
    user_agent: str
    network: str
    """Where it was seen: `203.0.113.0/24`, never a whole address."""


class Dossier(User):
    """Everything that an operator may see of a person; no secret is in it."""

    authenticators: tuple[Authenticator, ...]
    sessions: tuple[Session, ...]
    """Browsers that are signed in."""
    browsers: tuple[RememberedBrowser, ...]
    """Those that are remembered now."""
    events: tuple[Event, ...]
    """The latest acts, newest first."""


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

LIST: Final = Endpoint(
    "GET",
    "/users",
    "listUsers",
    TAG,
    "List people",
    Scope.USERS_READ,
    {200: Users},
    query=AskedUsers,
    answer_example={"users": [_EXAMPLE], "next": "WyJhcHBfbG9naW4iLCJhbGljZSJd"},
    follows=(
        Follow("listUsers", {"cursor": "/next"}),
        Follow("readUser", {"user_id": "/users/0/user_id"}),
        Follow("readStatus", {"user_id": "/users/0/user_id"}),
        Follow("listAuthenticators", {"user_id": "/users/0/user_id"}),
    ),
)
READ: Final = Endpoint(
    "GET",
    "/users/{user_id}",
    "readUser",
    TAG,
    "Show everything of a person that is no secret",
    Scope.USERS_READ,
    {200: Dossier},
    problems=(NotFound,),
    answer_example={
        **_EXAMPLE,
        "authenticators": [],
        "sessions": [],
        "browsers": [],
        "events": [
            {
                "id": 815,
                "at": "2026-02-03T08:15:00Z",
                "name": "person.unlocked",
                "user_id": "app_login:alice",
                "actor": "api:desk",
                "request_id": "",
                "details": {"reason": "called"},
            }
        ],
    },
    follows=(
        Follow("readStatus", _AT),
        Follow("readConfig", _AT),
        Follow("renameUser", _AT),
        Follow("eraseUser", _AT),
        Follow("resetUser", _AT),
        Follow("unlockUser", _AT),
    ),
)
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
    follows=(Follow("readUser", _AT), Follow("renameUser", _AT), Follow("eraseUser", _AT)),
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
ENDPOINTS: Final = (LIST, READ, RENAME, ERASE, RESET, UNLOCK)
