"""A challenge that its page carries: ours, this session's, young, and answered once."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import ChallengeGone, ResponseRejected, SidecarError, TooManyAttempts
from sidecar.core.messages import Message
from sidecar.core.model import Challenge, ChallengeId, Person, Prompt, Purpose, SessionId
from sidecar.flows.carried import MAX_STATE_BYTES, UNSHOWN, open_carried, seal_carried
from sidecar.flows.kit import CHALLENGE_LIFE
from sidecar.flows.tokens import Tokens
from sidecar.flows.visit import Visit
from tests.clock import START
from tests.conformance.stores import RING
from tests.unit.flows.scene import ADA, GRACE, Scene

TOKENS = Tokens(RING)
S1, S2 = SessionId("s1"), SessionId("s2")


def made(state: bytes = b"", *, action: str = "", person: Person = ADA) -> Challenge:
    return Challenge(
        id=ChallengeId("c1"),
        person=person,
        session_id=S1,
        purpose=Purpose.ACTION if action else Purpose.SIGN_IN,
        factor="totp",
        action=action,
        authenticator_id=None,
        prompt=Prompt("code", {"digits": 6}),
        state=state,
        created_at=START,
        expires_at=START + CHALLENGE_LIFE,
    )


@given(
    state=st.binary(max_size=64),
    action=st.text(max_size=20),
    subject=st.text(min_size=1, max_size=20),
)
def test_what_is_carried_comes_back(state: bytes, action: str, subject: str) -> None:
    """Any state, action and subject show themselves again, and only the prompt stays behind."""
    challenge = made(state, action=action, person=Person("shop", subject))
    token = seal_carried(TOKENS, challenge)
    found = open_carried(TOKENS, token, challenge.person, S1, now=START)
    assert found == replace(challenge, prompt=UNSHOWN)


def test_the_token_says_nothing() -> None:
    """Two tokens of one challenge show nothing of it, and not even that they are of one."""
    challenge = made(b"remembered")
    tokens = {seal_carried(TOKENS, challenge) for _ in range(2)}
    assert len(tokens) == 2
    assert not any(word in token for token in tokens for word in ("remembered", "session"))


@pytest.mark.threat(45, 60)
@pytest.mark.parametrize(
    ("person", "session", "later"),
    [
        (GRACE, S1, timedelta()),
        (Person("desk", "ada"), S1, timedelta()),
        (ADA, S2, timedelta()),
        (ADA, S1, CHALLENGE_LIFE),
    ],
)
def test_it_is_one_sessions_for_ten_minutes(
    person: Person, session: SessionId, later: timedelta
) -> None:
    """THREATS 60: another person, realm, session or time shows one answer: gone."""
    token = seal_carried(TOKENS, made())
    with pytest.raises(ChallengeGone):
        open_carried(TOKENS, token, person, session, now=START + later)


@given(st.text(max_size=100))
def test_made_up_tokens(text: str) -> None:
    """Any text shows that it is no challenge of ours."""
    with pytest.raises(ChallengeGone):
        open_carried(TOKENS, text, ADA, S1, now=START)


@pytest.mark.parametrize("content", [{}, {"id": "c1"}, {"id": "c1", "at": "soon"}, [], None])
def test_what_another_version_carried(content: object) -> None:
    """A token of ours with other content shows that it is gone, and no failure."""
    token = TOKENS.wrap(json.dumps(content).encode())
    with pytest.raises(ChallengeGone):
        open_carried(TOKENS, token, ADA, S1, now=START)


# -- in the flow -------------------------------------------------------------------------------


async def carried(here: Scene, visit: Visit, *, action: str = "") -> str:
    offered = await here.flows.challenges.offer(visit, "totp", action=action)
    assert offered is not None
    return offered.token


async def refused(here: Scene, visit: Visit, token: str, answer: dict[str, str]) -> str:
    with pytest.raises(SidecarError) as error:
        await here.flows.challenges.answer_carried(visit, token, answer)
    return error.value.slug


async def test_asking_changes_nothing_and_the_answer_counts(here: Scene) -> None:
    """A prompt asked with a hundred times shows no row; its answer a proof, for its action too."""
    visit, phone = await here.enroll()
    for _ in range(100):
        offered = await here.flows.challenges.offer(visit, "totp")
    assert offered is not None
    assert offered.prompt == Prompt("code", {"digits": 6, "names": ("totp",)})
    assert offered.token not in repr(offered)
    here.clock.travel(seconds=30)
    answer = phone.code(here.clock)
    entered = await here.flows.challenges.answer_carried(visit, offered.token, answer)
    assert (entered.session.proofs[-1].at, entered.action) == (here.clock(), "")
    visit = replace(visit, session=entered.session)
    token = await carried(here, visit, action="pay")
    here.clock.travel(seconds=30)
    answer = phone.code(here.clock)
    assert (await here.flows.challenges.answer_carried(visit, token, answer)).action == "pay"


async def test_what_has_to_be_begun(here: Scene) -> None:
    """A factor that writes to somebody, or remembers much, shows nothing to ask with at once."""
    visit, _ = await here.enroll()
    totp = here.factors["totp"]
    totp.state = b"x" * MAX_STATE_BYTES
    assert await here.flows.challenges.offer(visit, "totp") is not None
    totp.state = b"x" * (MAX_STATE_BYTES + 1)
    assert await here.flows.challenges.offer(visit, "totp") is None
    totp.state = b""
    totp.messages = (Message("sms", "sign_in_code", "+4930"),)
    assert await here.flows.challenges.offer(visit, "totp") is None


async def test_too_many_tries_leave_the_challenge_as_it_was(here: Scene) -> None:
    """A closed factor shows that the carried challenge is not used up by what was not checked."""
    visit, phone = await here.enroll()
    token = await carried(here, visit)
    for _ in range(5):
        wrong = phone.wrong(here.clock)
        assert await refused(here, visit, await carried(here, visit), wrong) == "response-rejected"
    here.clock.travel(seconds=30)
    right = phone.code(here.clock)
    assert await refused(here, visit, token, right) == TooManyAttempts.slug
    here.clock.travel(minutes=5)
    await here.flows.challenges.answer_carried(visit, token, phone.code(here.clock))


async def test_what_no_factor_asks_for_is_refused_unopened(here: Scene) -> None:
    """THREATS 39: too much in an answer shows a refusal before the challenge is looked at."""
    visit, _ = await here.enroll()
    with pytest.raises(ResponseRejected, match="malformed"):
        await here.flows.challenges.answer_carried(visit, "", {"code": "x" * 99_999})
