"""The one exception of promise 2, and nothing wider."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.assurance import Requirement, satisfies
from sidecar.core.model import REMEMBERED, AuthenticatorId, Level, Proof
from sidecar.core.outage import LASTS, bears, outlasts
from sidecar.core.policy import Effect, Rule
from tests.clock import START

LEVELS = {
    "totp": Level.TWO_FACTOR,
    "webauthn": Level.PHISHING_RESISTANT,
    REMEMBERED: Level.TWO_FACTOR,
}
BEARING = Rule("r", Effect.REQUIRE, Requirement(Level.TWO_FACTOR), outlasts=True)
OPEN = Rule("o", Effect.BYPASS, Requirement(Level.ONE_FACTOR))
PROVEN = (Proof("totp", AuthenticatorId("a"), (), START),)

seconds = st.integers(-10, 3600).map(lambda number: timedelta(seconds=number))
rules = st.builds(
    Rule,
    st.just("r"),
    st.sampled_from(Effect),
    st.builds(
        Requirement,
        st.sampled_from(Level),
        st.none() | seconds,
        st.frozensets(st.sampled_from(sorted(LEVELS))),
    ),
    outlasts=st.booleans(),
)
proofs = st.lists(
    st.builds(
        Proof,
        st.sampled_from([*LEVELS, "gone"]),
        st.just(AuthenticatorId("a")),
        st.just(()),
        seconds.map(lambda age: START - age),
    ),
    max_size=3,
)


@given(
    st.lists(rules, max_size=3).map(tuple),
    proofs,
    st.none() | seconds.map(lambda age: START - age),
)
def test_nothing_wider_is_ever_allowed(
    asked: tuple[Rule, ...], held: list[Proof], read_at: datetime | None
) -> None:
    """Whatever the rules, the proofs and the age of the feed, what is allowed shows: read at most
    five minutes ago, every rule one that says so, none that asks for a fresh or a phishing
    resistant proof, and each satisfied as if nothing had happened.
    """
    if not outlasts(asked, held, LEVELS, read_at=read_at, now=START):
        return
    assert read_at is not None
    assert timedelta() <= START - read_at <= timedelta(minutes=5)
    asking = [rule for rule in asked if rule.effect is not Effect.BYPASS]
    assert asking
    for rule in asking:
        assert rule.outlasts
        assert rule.effect is Effect.REQUIRE
        assert rule.need.max_age is None
        assert rule.need.level < Level.PHISHING_RESISTANT
        assert satisfies(held, rule.need, LEVELS, START)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ((BEARING,), True),
        ((BEARING, OPEN), True),
        ((OPEN,), False),
        ((), False),
        ((BEARING, replace(BEARING, outlasts=False)), False),
        ((BEARING, replace(BEARING, effect=Effect.DENY)), False),
        ((replace(BEARING, need=Requirement(Level.ONE_FACTOR)),), True),
        ((replace(BEARING, need=Requirement(Level.PHISHING_RESISTANT)),), False),
        ((replace(BEARING, need=Requirement(Level.TWO_FACTOR, timedelta(days=1))),), False),
        (
            (replace(BEARING, need=Requirement(Level.TWO_FACTOR, None, frozenset({"webauthn"}))),),
            False,
        ),
    ],
)
def test_every_rule_must_bear_it(asked: tuple[Rule, ...], allowed: bool) -> None:
    """Rules that bear outages show somebody with a proof let on, others nobody."""
    assert outlasts(asked, PROVEN, LEVELS, read_at=START, now=START) is allowed
    assert not outlasts(asked, (), LEVELS, read_at=None, now=START)


def test_it_ends_after_five_minutes() -> None:
    """The last moment shows allowed, the next one not; nor a feed that was read in the future."""
    for age, allowed in (
        (timedelta(), True),
        (LASTS, True),
        (LASTS + timedelta(microseconds=1), False),
        (-timedelta(microseconds=1), False),
    ):
        found = outlasts((BEARING,), PROVEN, LEVELS, read_at=START - age, now=START)
        assert found is allowed


def test_what_can_bear_an_outage_is_what_asks_for_no_fresh_proof() -> None:
    """Kinds of rules show which may be told to."""
    assert bears(Effect.REQUIRE, Requirement(Level.TWO_FACTOR))
    assert not bears(Effect.BYPASS, Requirement(Level.ONE_FACTOR))
    assert not bears(Effect.DENY, Requirement(Level.TWO_FACTOR))
