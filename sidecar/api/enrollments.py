"""Factors are set up for people, in an app or on a page of the caller's own."""

from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.api.ceremonies import Code, Fields, ForPerson, Responding, Secret, Step
from sidecar.api.endpoint import PLUGIN_PROBLEMS, Endpoint, ErrorClass, Follow
from sidecar.api.words import ApiModel, Identifier, LevelWord, Line, Moment, UserId, Word
from sidecar.core.api_errors import ProofNeeded
from sidecar.core.clients import Scope
from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    DeliveryFailed,
    InvitationNeeded,
    NotFound,
    RecoveryNeeded,
    ResponseRejected,
)

TAG: Final = "enrollments"
MAX_NAME_CHARS: Final = 60

Name = Annotated[Line, Field(max_length=MAX_NAME_CHARS, examples=["work phone"])]
"""What the person calls it."""


class NewAuthenticator(ApiModel):
    """What was set up."""

    id: str
    factor: str
    name: str
    level: LevelWord
    detail: str
    """What tells it from others of its kind: a masked number, a key's model."""
    created_at: Moment
    held_until: Moment | None
    """Until then it gives no more than what it was set up with; null: it counts in full."""


class NewEnrollment(ForPerson):
    """What is to be set up, and for whom."""

    factor: Word
    fields: Fields = Field(default_factory=dict, repr=False)
    """What the factor can begin with: `address` for codes by message, with `accept_risk: yes`
    where that factor is restricted."""


class OpenEnrollment(Step):
    """A step that waits for its response."""

    enrollment_id: str


class Confirmation(Responding):
    """The response to a step of an enrollment; `code` is short for a response of one field."""

    name: Name | None = None


class ResendStep(ApiModel):
    """Whose message is to be sent once more."""

    user_id: UserId


class Progress(ApiModel):
    """What was set up; or the step that is open now, in the place of the one before."""

    status: Literal["active", "pending"]
    authenticator: NewAuthenticator | None = None
    """Where the status is `active`."""
    step: OpenEnrollment | None = None
    """Where the status is `pending`."""


class NewApp(ForPerson):
    """Whose authenticator app is to be set up."""


class OpenApp(ApiModel):
    """What the app has to be given; shown now, and never again."""

    enrollment_id: str
    secret: Secret
    """In base32, for people who type it."""
    uri: Secret
    """`otpauth://…`, for a link on the same device."""
    qr_svg: Secret
    """The same as an `<svg>` element."""
    qr_png: Secret
    """The same as a `data:` URL."""
    digits: int
    period: int
    """Seconds."""
    algorithm: str
    expires_at: Moment


class AppCode(ForPerson):
    """The code that shows the app to work."""

    enrollment_id: Identifier
    code: Annotated[Code, Field(repr=False)]
    """The code that the app shows now."""
    name: Name | None = None


class AppEnabled(ApiModel):
    """The app counts from now on."""

    authenticator: NewAuthenticator
    enabled: bool
    backup_codes: Literal["offered", "there", "not-configured"]
    """`offered`: the person has none yet, see `POST /backup-codes/generate`."""


_BEGINNING: Final[tuple[ErrorClass, ...]] = (
    *(NotFound, ProofNeeded, RecoveryNeeded, Conflict, *PLUGIN_PROBLEMS),
)
_FINISHING: Final[tuple[ErrorClass, ...]] = (
    *(ChallengeGone, ResponseRejected, RecoveryNeeded, InvitationNeeded, Conflict),
    *PLUGIN_PROBLEMS,
)
_WHO_MAY: Final = (
    "The first factor of a person who never had one may be set up without more. Whoever has one "
    "proves it first: a challenge with the action `authenticator.add:` and the factor's name, "
    "verified by the same client at most five minutes before, and good for one enrollment. With "
    "the scope `enrollments:override` that is not asked. The person is told in any case."
)
_EXAMPLE_ID: Final = "p2Vn0Vh3m1T5yq0cJ4bD8xKQZr7sWu9L"
_STEP: Final = {"enrollment_id": "/enrollment_id"}
_WHO: Final = {"user_id": "request:/user_id"}

BEGIN: Final = Endpoint(
    "POST",
    "/enrollments",
    "beginEnrollment",
    TAG,
    "Begin to set up any factor",
    Scope.ENROLLMENTS_WRITE,
    {201: OpenEnrollment},
    text=(
        f"{_WHO_MAY}\n\nFor a passkey or security key the caller's page gives `options` to the "
        "browser; it has to be of an origin that the factor allows."
    ),
    body=NewEnrollment,
    problems=(*_BEGINNING, ResponseRejected, DeliveryFailed),
    example={
        "user_id": "alice",
        "factor": "sms",
        "fields": {"address": "+4915112345678", "accept_risk": "yes"},
        "account": "alice@example.com",
        "language": "de",
    },
    follows=(
        Follow("finishEnrollment", _STEP, body=_WHO),
        Follow("resendEnrollment", _STEP, body=_WHO),
    ),
)
FINISH: Final = Endpoint(
    "POST",
    "/enrollments/{enrollment_id}",
    "finishEnrollment",
    TAG,
    "Take the response to a step of an enrollment",
    Scope.ENROLLMENTS_WRITE,
    {200: Progress},
    body=Confirmation,
    problems=(*_FINISHING, DeliveryFailed),
    example={"user_id": "alice", "code": "123456", "name": "work phone"},
)
RESEND: Final = Endpoint(
    "POST",
    "/enrollments/{enrollment_id}/resend",
    "resendEnrollment",
    TAG,
    "Send the message of a step once more",
    Scope.ENROLLMENTS_WRITE,
    {200: OpenEnrollment},
    body=ResendStep,
    problems=(ChallengeGone, DeliveryFailed),
    example={"user_id": "alice"},
    follows=(Follow("finishEnrollment", _STEP, body=_WHO),),
)
SETUP: Final = Endpoint(
    "POST",
    "/totp/setup",
    "setupTotp",
    TAG,
    "Begin to set up an authenticator app",
    Scope.ENROLLMENTS_WRITE,
    {201: OpenApp},
    text=_WHO_MAY,
    body=NewApp,
    problems=_BEGINNING,
    example={"user_id": "alice", "account": "alice@example.com"},
    follows=(Follow("verifyTotp", body={**_WHO, **_STEP}),),
)
VERIFY: Final = Endpoint(
    "POST",
    "/totp/verify",
    "verifyTotp",
    TAG,
    "Take the first code of an app, which counts from then on",
    Scope.ENROLLMENTS_WRITE,
    {200: AppEnabled},
    body=AppCode,
    problems=_FINISHING,
    example={"user_id": "alice", "enrollment_id": _EXAMPLE_ID, "code": "123456"},
    follows=(Follow("generateBackupCodes", body=_WHO), Follow("readBackupCodes", _WHO)),
)
ENDPOINTS: Final = (SETUP, VERIFY, BEGIN, FINISH, RESEND)
