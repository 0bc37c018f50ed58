"""What people have set up, one by one; nothing of what it proves with is ever told."""

from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import (
    ApiModel,
    AuthenticatorName,
    AuthenticatorWord,
    LevelWord,
    Moment,
    UserId,
)
from sidecar.core.clients import Scope
from sidecar.core.errors import Conflict, NotFound

TAG: Final = "authenticators"


class Whose(ApiModel):
    """Whom the call is about."""

    user_id: UserId


class Authenticator(ApiModel):
    """One thing that a person proves with."""

    id: str
    """Names it in every other call, together with the `user_id`."""
    user_id: str
    factor: str
    """The kind of proof, as the configuration calls it."""
    name: str
    """What its owner calls it; the factor's name where they never said."""
    status: AuthenticatorWord
    """`suspended` can come back; `disabled` (wrong tries, or a leak) and `expired` cannot."""
    usable: bool
    """A proof by it would be taken now: it is active, readable, and has a code left."""
    level: LevelWord
    """What a proof by it is worth once it is not held, as long as its factor is configured."""
    held_until: Moment | None
    """Until then it gives no more than the session that set it up had; null: it counts in full."""
    created_at: Moment
    last_used_at: Moment | None
    detail: str
    """What tells it from others of its kind: a masked number, a key's model."""
    left: Annotated[int, Field(ge=0)] | None
    """How many codes are unused; null where it is no set of codes."""


class Authenticators(ApiModel):
    """Everything that a person has set up; empty for somebody unknown, too."""

    user_id: str
    authenticators: tuple[Authenticator, ...]


class AuthenticatorChange(ApiModel):
    """What is to become of it; what is left out stays as it is."""

    user_id: UserId
    name: AuthenticatorName | None = None
    status: Literal["active", "suspended"] | None = None
    """`suspended` signs the person out everywhere; `active` lets it work again."""


_AT: Final = {"authenticator_id": "/id", "user_id": "/user_id"}
_FIRST: Final = {"authenticator_id": "/authenticators/0/id", "user_id": "/user_id"}
_EXAMPLE: Final = {
    "id": "0Jt6l1BDK3b6yW8xg2NqRz5f7QmTn9aP",
    "user_id": "app_login:alice",
    "factor": "totp",
    "name": "My phone",
    "status": "active",
    "usable": True,
    "level": "two_factor",
    "held_until": None,
    "created_at": "2026-01-31T12:00:00Z",
    "last_used_at": "2026-02-03T08:15:00Z",
    "detail": "",
    "left": None,
}


def _to(name: str, at: dict[str, str]) -> Follow:
    """Return the link to a call whose body says whom it is about."""
    path = {"authenticator_id": at["authenticator_id"]}
    return Follow(name, path, body={"user_id": at["user_id"]})


LIST: Final = Endpoint(
    "GET",
    "/authenticators",
    "listAuthenticators",
    TAG,
    "List what a person has set up",
    Scope.AUTHENTICATORS_READ,
    {200: Authenticators},
    query=Whose,
    answer_example={"user_id": "app_login:alice", "authenticators": [_EXAMPLE]},
    follows=(
        Follow("readAuthenticator", _FIRST),
        _to("changeAuthenticator", _FIRST),
        _to("approveAuthenticator", _FIRST),
        Follow("removeAuthenticator", _FIRST),
    ),
)
READ: Final = Endpoint(
    "GET",
    "/authenticators/{authenticator_id}",
    "readAuthenticator",
    TAG,
    "Read one of them",
    Scope.AUTHENTICATORS_READ,
    {200: Authenticator},
    query=Whose,
    problems=(NotFound,),
    answer_example=_EXAMPLE,
    follows=(_to("changeAuthenticator", _AT), Follow("removeAuthenticator", _AT)),
)
CHANGE: Final = Endpoint(
    "PATCH",
    "/authenticators/{authenticator_id}",
    "changeAuthenticator",
    TAG,
    "Rename it, stop it, or let it work again",
    Scope.AUTHENTICATORS_WRITE,
    {200: Authenticator},
    text="The person is told when it stops and when it works again.",
    body=AuthenticatorChange,
    problems=(NotFound, Conflict),
    example={"user_id": "alice", "name": "Old phone", "status": "suspended"},
    answer_example={**_EXAMPLE, "name": "Old phone", "status": "suspended", "usable": False},
    follows=(Follow("readAuthenticator", _AT), Follow("removeAuthenticator", _AT)),
)
APPROVE: Final = Endpoint(
    "POST",
    "/authenticators/{authenticator_id}/approve",
    "approveAuthenticator",
    TAG,
    "Let a new one that is held count in full now",
    Scope.AUTHENTICATORS_WRITE,
    {200: Authenticator},
    text="Ends the hold of `enrollment.hold`; the person is told.",
    body=Whose,
    problems=(NotFound, Conflict),
    example={"user_id": "alice"},
    answer_example=_EXAMPLE,
    follows=(Follow("readAuthenticator", _AT),),
)
REMOVE: Final = Endpoint(
    "DELETE",
    "/authenticators/{authenticator_id}",
    "removeAuthenticator",
    TAG,
    "Remove it, also if it is the last one",
    Scope.AUTHENTICATORS_WRITE,
    {204: None},
    text="Signs the person out everywhere and tells them. Whoever has none left needs recovery.",
    query=Whose,
    problems=(NotFound,),
)
ENDPOINTS: Final = (LIST, READ, CHANGE, APPROVE, REMOVE)
