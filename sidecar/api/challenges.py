"""A person is asked to prove who they are, for a program that acts on it."""

from typing import Final, Literal

from sidecar.api.ceremonies import ForPerson, Responding, Secret, Step
from sidecar.api.endpoint import PLUGIN_PROBLEMS, Endpoint, Follow
from sidecar.api.words import ApiModel, Identifier, LevelWord, Line, Moment, UserId, Word
from sidecar.core.clients import Scope
from sidecar.core.errors import ChallengeGone, DeliveryFailed, NotFound, ResponseRejected

TAG: Final = "challenges"


class NewChallenge(ForPerson):
    """Who is to prove something, with what, and what for."""

    factor: Word | None = None
    """One of the person's; the one they used last where it is left out."""
    authenticator_id: Identifier | None = None
    """Only this one of theirs may answer."""
    action: Line | None = None
    """What is to be done once it is proven, such as `payment:4711`: signed into the result. Words
    that begin `authenticator.` or `enrollment.` are ours; `authenticator.add:totp` lets this
    program set that up next."""


class OpenChallenge(Step):
    """A challenge that waits for its response."""

    challenge_id: str


class Resend(ApiModel):
    """Which message is to be sent once more."""

    user_id: UserId
    challenge_id: Identifier


class Answer(Responding):
    """The response of a person to a challenge; `code` is short for a response of one field."""

    challenge_id: Identifier


class Result(ApiModel):
    """What was proven, and the same signed."""

    verified: Literal[True]
    challenge_id: str
    level: LevelWord
    """What this proof gives by itself, beside the application's own login."""
    amr: tuple[str, ...]
    """Methods (RFC 8176)."""
    factor: str
    authenticator_id: str
    at: Moment
    action: str | None
    result: Secret
    """A JWT of five minutes for whoever has to be shown it: `typ` is `challenge-result+jwt`, `aud`
    the id of this client; verify it with the keys at `/_sidecar/.well-known/jwks.json`, and take
    each `jti` once."""


_NAMED: Final = {"user_id": "request:/user_id", "challenge_id": "/challenge_id"}

BEGIN: Final = Endpoint(
    "POST",
    "/challenge",
    "beginChallenge",
    TAG,
    "Ask a person for a proof",
    Scope.CHALLENGES_WRITE,
    {201: OpenChallenge},
    text=(
        "Where the factor sends codes, one is on its way. People without a factor that could be "
        "used, and people nobody knows, are answered alike. Only the client that began a "
        "challenge can have it verified; it has ten of them open with one person at most, and the "
        "oldest gives way."
    ),
    body=NewChallenge,
    problems=(NotFound, DeliveryFailed, *PLUGIN_PROBLEMS),
    example={"user_id": "alice", "action": "payment:4711"},
    follows=(Follow("verifyChallenge", body=_NAMED), Follow("resendChallenge", body=_NAMED)),
)
RESEND: Final = Endpoint(
    "POST",
    "/challenge/resend",
    "resendChallenge",
    TAG,
    "Send the message of a challenge once more",
    Scope.CHALLENGES_WRITE,
    {200: OpenChallenge},
    text="The code stays the same, and there is not one more try.",
    body=Resend,
    problems=(ChallengeGone, DeliveryFailed),
    example={"user_id": "alice", "challenge_id": "p2Vn0Vh3m1T5yq0cJ4bD8xKQZr7sWu9L"},
    follows=(Follow("verifyChallenge", body=_NAMED),),
)
VERIFY: Final = Endpoint(
    "POST",
    "/challenge/verify",
    "verifyChallenge",
    TAG,
    "Take the response to a challenge",
    Scope.CHALLENGES_WRITE,
    {200: Result},
    text=(
        "A wrong response counts as a try, whatever becomes of the challenge, together with those "
        "on the pages. A right one is taken once."
    ),
    body=Answer,
    problems=(ChallengeGone, ResponseRejected, *PLUGIN_PROBLEMS),
    example={
        "user_id": "alice",
        "challenge_id": "p2Vn0Vh3m1T5yq0cJ4bD8xKQZr7sWu9L",
        "code": "123456",
    },
)
ENDPOINTS: Final = (BEGIN, RESEND, VERIFY)
