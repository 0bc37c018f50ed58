"""Twin of sidecar/web/management/steps.py: what calls say, and what open steps show."""

from datetime import timedelta

import pytest

from sidecar.api.ceremonies import Responding
from sidecar.core.api_errors import InputInvalid
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    Level,
    Person,
    Prompt,
    Purpose,
    SessionId,
    SharedSecret,
)
from sidecar.flows.requested import Asked
from sidecar.web.management.steps import LEVELS, response_of, step_of, told
from tests.clock import START

ADA = Person("shop", "ada")


def sent(code: str | None = None, response: dict[str, str] | None = None) -> Responding:
    return Responding(user_id="ada", code=code, response=response)


def test_a_code_is_short_for_a_response() -> None:
    """A code shows as the field of that name, beside other fields; an empty response is one."""
    assert response_of(sent("1")) == {"code": "1"}
    assert response_of(sent("1", {"x": "y"})) == {"code": "1", "x": "y"}
    assert response_of(sent(response={"credential": "{}"})) == {"credential": "{}"}
    assert response_of(sent(response={})) == {}


@pytest.mark.parametrize(
    ("body", "pointer"), [(sent(), ""), (sent("1", {"code": "1"}), "/response/code")]
)
def test_a_response_is_there_once(body: Responding, pointer: str) -> None:
    """No response, and a code said twice, show what is expected."""
    with pytest.raises(InputInvalid) as refused:
        response_of(body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_levels_have_the_words_of_the_policy() -> None:
    """Every level shows the word that the configuration has for it."""
    assert {level: level.word for level in Level} == LEVELS


def test_a_prompt_is_told_as_it_was_made() -> None:
    """The prompt of a factor shows verbatim, and nothing of the challenge's state."""
    prompt = Prompt("webauthn", {"options": '{"a":1}', "conditional": True, "names": ("k", "l")})
    challenge = Challenge(
        *(ChallengeId("c1"), ADA, SessionId("s1"), Purpose.SIGN_IN, "key", "", None, prompt),
        *(b"s3cret", START, START + timedelta(minutes=10)),
    )
    step = step_of(Asked(challenge))
    assert (step["prompt"].kind, step["prompt"].data) == ("webauthn", dict(prompt.data))
    assert (step["sent_to"], step["resend_at"]) == (None, None)
    assert "s3cret" not in repr(step)


def test_a_new_authenticator_is_told_without_its_secret() -> None:
    """What was set up shows its level and hold, and no material."""
    new = Authenticator(
        *(AuthenticatorId("a1"), ADA, "key", "blue", AuthenticatorStatus.ACTIVE),
        *(Level.PHISHING_RESISTANT, 1, START, SharedSecret(b"s3cret")),
        held_until=START + timedelta(days=1),
    )
    shown = told(new)
    assert (shown.level, shown.held_until) == ("phishing_resistant", START + timedelta(days=1))
    assert "s3cret" not in shown.model_dump_json()
