"""What is configured of a person: whether their factors count, and where notices go."""

from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, Line, Moment, UserId
from sidecar.core.api_errors import PreconditionFailed
from sidecar.core.clients import Scope
from sidecar.core.errors import Conflict, NotFound

TAG: Final = "config"
MAX_CONTACTS: Final = 8


class Contact(ApiModel):
    """Where a person can be told of changes."""

    channel: Literal["email", "sms"]
    address: Line
    """A mailbox, or a number in E.164: `+4915112345678`."""


class Notified(ApiModel):
    """An address that notices go to, as far as it may be shown."""

    channel: Literal["email", "sms"]
    masked: str
    """`a•••@example.com`; never the whole address."""
    verified: bool
    """A code that went there came back."""


class ConfigChange(ApiModel):
    """What is to be configured of a person; every field is said anew."""

    enabled: bool = True
    """False: none of the person's authenticators is accepted, and no rule asks for less."""
    required: bool = False
    """The person must keep a second factor: the last usable one is not theirs to remove."""
    contacts: Annotated[tuple[Contact, ...], Field(max_length=MAX_CONTACTS)] = ()
    """Addresses to be told of changes, beside those that are known; none is ever taken away."""


class NewConfig(ConfigChange):
    """The configuration of somebody for whom there is none."""

    user_id: UserId


class Config(ApiModel):
    """What is configured of a person."""

    user_id: str
    enabled: bool
    required: bool
    enrolled_at: Moment | None
    """When the first authenticator was confirmed; null: never."""
    notified: tuple[Notified, ...]
    """Where notices go."""
    version: Annotated[int, Field(ge=0)]
    """Grows with every change; the `ETag` says the same."""


class Switched(ApiModel):
    """A person whose factors count, or do not."""

    user_id: str
    enabled: bool


class Switch(ApiModel):
    """Whose factors are to count, or not to."""

    user_id: UserId
    reason: Line | None = None
    """Why; kept in the audit trail."""


_CHANGE: Final = {"enabled": True, "required": True, "contacts": []}

CREATE: Final = Endpoint(
    "POST",
    "/config",
    "createConfig",
    TAG,
    "Configure somebody for the first time",
    Scope.CONFIG_WRITE,
    {201: Config},
    body=NewConfig,
    problems=(Conflict,),
    example={"user_id": "alice", **_CHANGE},
    follows=(
        Follow("readConfig", {"user_id": "/user_id"}),
        Follow("changeConfig", {"user_id": "/user_id"}),
    ),
)
READ: Final = Endpoint(
    "GET",
    "/config/{user_id}",
    "readConfig",
    TAG,
    "Read what is configured of a person",
    Scope.CONFIG_READ,
    {200: Config},
    problems=(NotFound,),
    follows=(Follow("changeConfig", {"user_id": "/user_id"}),),
)
CHANGE: Final = Endpoint(
    "PUT",
    "/config/{user_id}",
    "changeConfig",
    TAG,
    "Configure a person",
    Scope.CONFIG_WRITE,
    {200: Config, 201: Config},
    text="With `If-Match`, only if nobody changed it since; 201 where there was nothing before.",
    body=ConfigChange,
    conditional=True,
    problems=(PreconditionFailed,),
    example=_CHANGE,
)
ENABLE: Final = Endpoint(
    "POST",
    "/enable",
    "enable",
    TAG,
    "Let a person's factors count again",
    Scope.CONFIG_WRITE,
    {200: Switched},
    body=Switch,
    problems=(NotFound,),
    example={"user_id": "alice"},
)
DISABLE: Final = Endpoint(
    "POST",
    "/disable",
    "disable",
    TAG,
    "Accept none of a person's factors, and sign them out",
    Scope.CONFIG_WRITE,
    {200: Switched},
    text="Lowers no rule: whoever needs a factor is told to recover, until `/enable`.",
    body=Switch,
    problems=(NotFound,),
    example={"user_id": "alice", "reason": "phone was stolen"},
)
ENDPOINTS: Final = (CREATE, READ, CHANGE, ENABLE, DISABLE)
