"""Twin of sidecar/results.py: what a program can rely on, verified as it would."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from sidecar.core.assurance import assess
from sidecar.core.clients import ApiClient, ClientId
from sidecar.core.model import AuthenticatorId, ChallengeId, Level, Person, Proof
from sidecar.flows.requested import Proven
from sidecar.proxy.vouch import Voucher
from sidecar.results import TYPE, Results
from sidecar.signing import signing_key
from tests.clock import START, ManualClock

KEY = signing_key(b"k" * 32)
LEVELS = {"totp": Level.TWO_FACTOR}
ADA = Person("app", "ada")
SHOP = ApiClient(ClientId("shop-1"), "shop", frozenset())
NOW = int(START.timestamp())


def result(action: str = "payment:4711", levels: dict[str, Level] | None = None) -> jwt.Token:
    """Return the signed result, verified with nothing but the published keys."""
    proof = Proof("totp", AuthenticatorId("a1"), ("otp",), START)
    assurance = assess((proof,), LEVELS if levels is None else levels, START)
    proven = Proven(ChallengeId("c1"), proof, assurance, action)
    made = Results(KEY, "https://app.test", ManualClock()).sign(SHOP, ADA, proven)
    published: Any = Voucher((KEY,), LEVELS, ManualClock()).jwks()
    return jwt.decode(made, KeySet.import_key_set(published), ["ES256"])


def test_a_result_says_who_proved_what() -> None:
    """A result shows person, client, proof and action, for five minutes."""
    claims = result().claims
    assert claims.pop("jti")
    assert claims == {
        "iss": "https://app.test",
        "aud": "shop-1",
        "sub": "ada",
        "realm": "app",
        "iat": NOW,
        "exp": NOW + 300,
        "acr": "aal2",
        "amr": ["otp", "mfa"],
        "auth_time": NOW,
        "challenge_id": "c1",
        "factor": "totp",
        "action": "payment:4711",
    }


def test_a_result_is_no_assertion() -> None:
    """A result shows a type of its own, by which applications tell it from an assertion."""
    header = result().header
    assert header["typ"] == TYPE == "challenge-result+jwt"
    assert (header["alg"], header["kid"]) == ("ES256", KEY.kid)


def test_each_result_has_a_number() -> None:
    """Two results of one challenge show two numbers, so that each can be taken once."""
    assert result().claims["jti"] != result().claims["jti"]


@pytest.mark.parametrize(("action", "there"), [("", False), ("x", True)])
def test_no_action_is_not_an_empty_one(action: str, there: bool) -> None:
    """A challenge without an action shows no such claim."""
    assert ("action" in result(action).claims) is there


def test_what_is_no_second_factor_says_so() -> None:
    """A proof of one factor shows the first level, no method, and still its time."""
    claims = result(levels={"totp": Level.ONE_FACTOR}).claims
    assert (claims["acr"], claims["amr"], claims["auth_time"]) == ("aal1", [], NOW)
