"""Codes for when nothing else is at hand: made, and counted."""

from typing import Annotated, Final

from pydantic import Field

from sidecar.api.ceremonies import ForPerson
from sidecar.api.endpoint import PLUGIN_PROBLEMS, Endpoint, Follow
from sidecar.api.words import ApiModel, Moment
from sidecar.core.api_errors import ProofNeeded
from sidecar.core.clients import Scope
from sidecar.core.errors import ChallengeGone, Conflict, NotFound, RecoveryNeeded, ResponseRejected

TAG: Final = "backup codes"


class NewCodes(ForPerson):
    """Whose codes are to be made."""


class Codes(ApiModel):
    """A new set of codes; shown now, and never again."""

    codes: Annotated[tuple[str, ...], Field(repr=False)]
    count: int
    authenticator_id: str
    made_at: Moment


class CodeUse(ApiModel):
    """One code of the set."""

    position: int
    used_at: Moment | None
    """Null: it is unused."""


class CodesLeft(ApiModel):
    """What is left of a person's set; all zero where there is none, or nobody is known so."""

    user_id: str
    total: int
    used: int
    unused: int
    made_at: Moment | None
    codes: tuple[CodeUse, ...]


GENERATE: Final = Endpoint(
    "POST",
    "/backup-codes/generate",
    "generateBackupCodes",
    TAG,
    "Make a person's backup codes, in place of earlier ones",
    Scope.BACKUP_CODES_WRITE,
    {201: Codes},
    text=(
        "For whoever has another factor. Its first verification by this client at `/totp/verify` "
        "or `/enrollments` is good for making codes within five minutes; later it takes a "
        "challenge with the action `authenticator.add:` and the name of the factor, which is "
        "`backup_codes` unless configured otherwise; or the scope `enrollments:override`."
    ),
    body=NewCodes,
    problems=(
        *(NotFound, ProofNeeded, RecoveryNeeded, Conflict, ChallengeGone, ResponseRejected),
        *PLUGIN_PROBLEMS,
    ),
    example={"user_id": "alice"},
    follows=(Follow("readBackupCodes", {"user_id": "request:/user_id"}),),
)
READ: Final = Endpoint(
    "GET",
    "/backup-codes/{user_id}",
    "readBackupCodes",
    TAG,
    "Tell how many backup codes a person has left",
    Scope.BACKUP_CODES_READ,
    {200: CodesLeft},
    text="Never the codes, nor anything that they begin with.",
)
ENDPOINTS: Final = (GENERATE, READ)
