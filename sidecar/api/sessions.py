"""Where people are signed in with a browser, and signing them out."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from sidecar.api.authenticators import Whose
from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, AskedFlag, LevelWord, Moment, UserId
from sidecar.core.clients import Scope
from sidecar.core.errors import NotFound

TAG: Final = "sessions"


class Session(ApiModel):
    """One browser that is signed in."""

    id: str
    """Names it where it is to be ended, together with the `user_id`."""
    user_id: str
    level: LevelWord
    """What the proofs in it are worth now."""
    factors: tuple[str, ...]
    """What was proven in it."""
    remembered: bool
    """It rests on a browser that is remembered, too."""
    created_at: Moment
    last_seen_at: Moment
    """To the minute."""
    expires_at: Moment
    """When it ends, however much it is used."""
    user_agent: str
    """As the browser calls itself."""
    network: str
    """Where it was begun: `203.0.113.0/24`, never a whole address."""


class Sessions(ApiModel):
    """Where a person is signed in; empty for somebody unknown, too."""

    user_id: str
    sessions: tuple[Session, ...]


class SignedOut(ApiModel):
    """How much came to its end."""

    sessions: Annotated[int, Field(ge=0)]
    """Those of programs that act for people included."""
    remembered: Annotated[int, Field(ge=0)]
    """Browsers that were remembered and are no longer."""


class SignOut(ApiModel):
    """Who is to be signed out: somebody, or everybody, and never by leaving something out."""

    user_id: UserId | None = None
    everybody: AskedFlag = False
    """True, and no `user_id`: every session of everybody ends."""

    @model_validator(mode="after")
    def _who(self) -> Self:
        if self.everybody == (self.user_id is not None):
            message = "say user_id, or everybody=true, and not both"
            raise ValueError(message)
        return self


_EXAMPLE: Final = {
    "id": "Yq3v0c1Dn2Wk9sXo5bTzLr8m6hAeUjGf",
    "user_id": "app_login:alice",
    "level": "two_factor",
    "factors": ["totp"],
    "remembered": False,
    "created_at": "2026-02-03T08:15:00Z",
    "last_seen_at": "2026-02-03T09:40:00Z",
    "expires_at": "2026-02-04T08:15:00Z",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
    "network": "203.0.113.0/24",
}

LIST: Final = Endpoint(
    "GET",
    "/sessions",
    "listSessions",
    TAG,
    "List where a person is signed in",
    Scope.SESSIONS_READ,
    {200: Sessions},
    query=Whose,
    answer_example={"user_id": "app_login:alice", "sessions": [_EXAMPLE]},
    follows=(
        Follow("endSession", {"session_id": "/sessions/0/id", "user_id": "/user_id"}),
        Follow("endSessions", {"user_id": "/user_id"}),
    ),
)
END: Final = Endpoint(
    "DELETE",
    "/sessions/{session_id}",
    "endSession",
    TAG,
    "Sign one browser of a person out",
    Scope.SESSIONS_WRITE,
    {204: None},
    text="Holds everywhere within a second; what is under way for it is cut.",
    query=Whose,
    problems=(NotFound,),
)
END_ALL: Final = Endpoint(
    "DELETE",
    "/sessions",
    "endSessions",
    TAG,
    "Sign a person out everywhere, or everybody",
    Scope.SESSIONS_WRITE,
    {200: SignedOut},
    text=(
        "With `user_id`, every session of this person ends, and no browser of theirs is remembered."
        " With `everybody=true` instead, the same holds for everybody. Within a second, everywhere."
    ),
    query=SignOut,
    answer_example={"sessions": 2, "remembered": 1},
)
ENDPOINTS: Final = (LIST, END, END_ALL)
