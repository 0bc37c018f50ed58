"""Where a person stands now: what a program may know before it asks them for anything."""

from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.words import ApiModel, LevelWord, Moment
from sidecar.core.clients import Scope

TAG: Final = "status"


class ReadyFactor(ApiModel):
    """A factor that the person can prove now."""

    factor: str
    level: LevelWord
    """What a proof gives now."""
    held_until: Moment | None
    """From when a proof gives more; null: it gives all it can."""


class LockedFactor(ApiModel):
    """A factor whose tries are used up for a while."""

    factor: str
    bucket: Literal["strangers", "known"]
    """`known`: browsers that once passed as this person; `strangers`: all others, and programs."""
    retry_after: Annotated[int, Field(ge=1)]
    """Seconds until one more try may be made."""


class Status(ApiModel):
    """Where a person stands now."""

    user_id: str
    standing: Literal["never_enrolled", "enrolled", "recovery_needed"]
    """Whether they are to set up a factor, to be asked for one, or to be helped. Somebody whom
    nobody knows has never enrolled."""
    enabled: bool
    """False: none of their factors is accepted, whatever they have."""
    exempt: bool
    """They pass rules of `two_factor` with nothing proven: `enabled` is false, and
    `policy.exempt_disabled` is written."""
    required: bool
    """They must keep a second factor."""
    enrolled_at: Moment | None
    """When the first authenticator was confirmed; null: never."""
    factors: tuple[ReadyFactor, ...]
    """What they can prove now, last used first, backup codes last."""
    level: LevelWord
    """The most that a proof would give now."""
    backup_codes_left: Annotated[int, Field(ge=0)]
    sessions: Annotated[int, Field(ge=0)]
    """Browsers in which something is proven."""
    locked: tuple[LockedFactor, ...]
    """Factors that may not be tried just now."""


READ: Final = Endpoint(
    "GET",
    "/status/{user_id}",
    "readStatus",
    TAG,
    "Tell where a person stands",
    Scope.STATUS_READ,
    {200: Status},
    text="Answers alike for people whom nobody knows. Nothing is counted, and nothing changes.",
    answer_example={
        "user_id": "app_login:alice",
        "standing": "enrolled",
        "enabled": True,
        "exempt": False,
        "required": True,
        "enrolled_at": "2026-01-31T12:00:00Z",
        "factors": [
            {"factor": "webauthn", "level": "two_factor", "held_until": "2026-02-04T08:15:00Z"},
            {"factor": "backup_codes", "level": "two_factor", "held_until": None},
        ],
        "level": "two_factor",
        "backup_codes_left": 9,
        "sessions": 1,
        "locked": [{"factor": "totp", "bucket": "strangers", "retry_after": 240}],
    },
    follows=(Follow("readConfig", {"user_id": "/user_id"}),),
)
ENDPOINTS: Final = (READ,)
