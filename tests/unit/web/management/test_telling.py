"""Errors as problem documents."""

import json

import pytest

from sidecar.core.api_errors import (
    CallUnderway,
    InputFault,
    InputInvalid,
    ProofNeeded,
    ScopeMissing,
    TokenMissing,
    TokenRefused,
)
from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    DeliveryFailed,
    PluginFailed,
    ResponseRejected,
    SidecarError,
    StoreUnavailable,
    TooManyAttempts,
)
from sidecar.core.model import Prompt
from sidecar.core.protocols import REASONS
from sidecar.web.management.telling import ADVICE, problem

TYPES = "https://app.test/_sidecar/problems/"


def told(error: SidecarError) -> dict[str, object]:
    found: dict[str, object] = json.loads(problem(error, "r1", TYPES).body)
    return found


def test_a_problem_says_what_it_is() -> None:
    """An error shows type, title, status, request id and what to do."""
    answer = problem(Conflict("this person is configured already"), "r1", TYPES)
    assert (answer.status, answer.headers) == (409, {"Content-Type": "application/problem+json"})
    assert json.loads(answer.body) == {
        "type": f"{TYPES}conflict",
        "title": "Conflict",
        "status": 409,
        "request_id": "r1",
        "detail": "this person is configured already",
    }


@pytest.mark.parametrize("error", [SidecarError("pw"), PluginFailed("pw"), StoreUnavailable("pw")])
def test_faults_of_ours_say_nothing_of_the_inside(error: SidecarError) -> None:
    """The text of a failure of ours shows to stay in the log."""
    assert "detail" not in told(error)


@pytest.mark.parametrize("error", [TooManyAttempts(retry_after_s=7), CallUnderway(retry_after_s=7)])
def test_waiting_is_told(error: SidecarError) -> None:
    """An error that waiting cures shows for how long."""
    assert problem(error, "r1", TYPES).headers["Retry-After"] == "7"


@pytest.mark.conforms("RFC-6750-3", "RFC-6750-3.1")
def test_who_lacks_a_token_is_told_how_to_come() -> None:
    """Missing, refused and too small tokens show the challenges of RFC 6750 §3."""
    shown = [
        problem(error, "r1", TYPES).headers["WWW-Authenticate"]
        for error in (TokenMissing(), TokenRefused(), ScopeMissing("users:read"))
    ]
    realm = 'Bearer realm="sidecar management"'
    assert shown == [
        realm,
        f'{realm}, error="invalid_token"',
        f'{realm}, error="insufficient_scope", scope="users:read"',
    ]
    assert told(ScopeMissing("users:read"))["scope"] == "users:read"


def test_faults_of_input_are_listed() -> None:
    """Every fault shows its pointer, or its parameter."""
    error = InputInvalid(InputFault("too long", "/name"), InputFault("unknown", parameter="more"))
    assert told(error)["errors"] == [
        {"pointer": "/name", "detail": "too long"},
        {"pointer": "", "parameter": "more", "detail": "unknown"},
    ]


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_why_a_response_was_rejected_is_said_in_words(reason: str) -> None:
    """Every reason that a factor may give shows what to do about it."""
    shown = str(told(ResponseRejected(reason))["detail"])
    assert shown == ADVICE[reason]


def test_what_is_open_instead_is_named() -> None:
    """A rejected response shows why, and which ceremony goes on."""
    wrong = told(ResponseRejected("wrong"))
    assert (wrong["reason"], wrong["over"]) == ("wrong", False)
    assert told(ResponseRejected("cloned", challenge="c2"))["challenge_id"] == "c2"
    assert told(DeliveryFailed(challenge="c3"))["challenge_id"] == "c3"
    assert "challenge_id" not in told(DeliveryFailed())


def test_what_helps_whoever_answers_is_told() -> None:
    """A rejected response shows how far a clock is off, and what a page's script should know."""
    tell = Prompt("signal_unknown_key", {"rp_id": "app.test"})
    error = ResponseRejected("clock-off", hint_s=-90, over=True, tell=tell)
    shown = told(error)
    assert (shown["clock_off_s"], shown["over"]) == (-90, True)
    assert shown["tell"] == {"kind": "signal_unknown_key", "data": {"rp_id": "app.test"}}
    assert not {"clock_off_s", "tell"} & told(ResponseRejected()).keys()


def test_what_became_of_a_ceremony_is_not_told() -> None:
    """A challenge that is gone shows the same text whatever the reason."""
    assert told(ChallengeGone("answered before")) == told(ChallengeGone())
    assert "begin another" in str(told(ChallengeGone())["detail"])


def test_what_has_to_be_proven_first_is_named() -> None:
    """A proof that is needed shows the action of its challenge, and asks for no other token."""
    answer = problem(ProofNeeded("authenticator.add:totp"), "r1", TYPES)
    assert (answer.status, "WWW-Authenticate" in answer.headers) == (403, False)
    assert json.loads(answer.body)["action"] == "authenticator.add:totp"
