"""What calls about challenges and enrollments say, and how an open step is answered."""

from datetime import datetime
from typing import TypedDict

from sidecar.api.ceremonies import ForPerson, Prompt, Responding
from sidecar.api.enrollments import NewAuthenticator
from sidecar.api.words import LevelWord
from sidecar.core.api_errors import InputFault, InputInvalid
from sidecar.core.model import Authenticator, Level, Response
from sidecar.flows.behalf import Errand
from sidecar.flows.requested import Asked
from sidecar.web.management.call import Call

LEVELS: dict[Level, LevelWord] = {
    Level.ONE_FACTOR: "one_factor",
    Level.TWO_FACTOR: "two_factor",
    Level.PHISHING_RESISTANT: "phishing_resistant",
}


def errand_of(call: Call, sent: ForPerson) -> Errand:
    """Return for whom the program acts.

    Raises:
        InputInvalid: nobody is called so.

    """
    return Errand(
        call.client,
        call.person(sent.user_id),
        call.request_id,
        sent.account or "",
        sent.language or "",
    )


def response_of(sent: Responding) -> Response:
    """Return the fields of the response.

    Raises:
        InputInvalid: there is none, or the code is said twice.

    """
    if sent.code is None:
        if sent.response is None:
            raise InputInvalid(InputFault("send `code`, or the fields in `response`"))
        return sent.response
    if sent.response and "code" in sent.response:
        raise InputInvalid(InputFault("is there twice, also as `code`", "/response/code"))
    return {**(sent.response or {}), "code": sent.code}


class StepFields(TypedDict):
    """The fields that every open step has."""

    factor: str
    prompt: Prompt
    expires_at: datetime
    sent_to: str | None
    resend_at: datetime | None


def step_of(asked: Asked) -> StepFields:
    """Return what is told of an open step; its prompt as the factor made it."""
    challenge = asked.challenge
    return {
        "factor": challenge.factor,
        "prompt": Prompt(kind=challenge.prompt.kind, data=dict(challenge.prompt.data)),
        "expires_at": challenge.expires_at,
        "sent_to": asked.sent_to or None,
        "resend_at": asked.again_at,
    }


def told(new: Authenticator) -> NewAuthenticator:
    """Return what is told of a new authenticator; its material is never among it."""
    return NewAuthenticator(
        id=new.id,
        factor=new.factor,
        name=new.name,
        level=LEVELS[new.level],
        detail=new.detail,
        created_at=new.created_at,
        held_until=new.held(new.created_at),
    )
