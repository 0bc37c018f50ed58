"""Rules and evidence become one decision."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.assurance import Requirement, satisfies
from sidecar.core.decision import (
    Allow,
    Decision,
    Deny,
    Enroll,
    Evidence,
    Held,
    Identify,
    Portfolio,
    Recover,
    StepUp,
    decide,
    exempted,
    lasting,
    strictest,
)
from sidecar.core.model import AuthenticatorId, Identity, Level, Person, Proof, Standing
from sidecar.core.policy import Effect, Rule

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
ANN = Identity(Person("shop", "ann"), "app")
LEVELS = {"totp": Level.TWO_FACTOR, "webauthn": Level.PHISHING_RESISTANT}
TOTP = Proof("totp", AuthenticatorId("t"), ("otp",), NOW)
KEY = Proof("webauthn", AuthenticatorId("k"), ("hwk",), NOW - timedelta(minutes=10))
ENROLLED = Portfolio(Standing.ENROLLED, ("totp",))

OPEN = Rule("open", Effect.BYPASS, Requirement(Level.ONE_FACTOR))
CLOSED = Rule("closed", Effect.DENY, Requirement(Level.ONE_FACTOR))
KNOWN = Rule("known", Effect.REQUIRE, Requirement(Level.ONE_FACTOR))
TWO = Rule("two", Effect.REQUIRE, Requirement(Level.TWO_FACTOR))
STRONG = Rule("strong", Effect.REQUIRE, Requirement(Level.PHISHING_RESISTANT))
FRESH = Rule("fresh", Effect.REQUIRE, Requirement(Level.TWO_FACTOR, timedelta(minutes=5)))
RULES = (OPEN, CLOSED, KNOWN, TWO, STRONG, FRESH)


def known(*proofs: Proof, portfolio: Portfolio | None = ENROLLED) -> Evidence:
    return Evidence(ANN, proofs, portfolio, LEVELS)


NOBODY = Evidence(None, levels=LEVELS)


@pytest.mark.parametrize(
    ("rule", "evidence", "expected"),
    [
        (OPEN, NOBODY, Allow(OPEN, "bypass")),
        (OPEN, known(), Allow(OPEN, "bypass")),
        (CLOSED, NOBODY, Deny(CLOSED)),
        (CLOSED, known(TOTP, KEY), Deny(CLOSED)),
        (KNOWN, NOBODY, Identify(KNOWN)),
        (KNOWN, known(), Allow(KNOWN, "satisfied")),
        (TWO, NOBODY, Identify(TWO)),
        (TWO, known(), StepUp(TWO, "proof-missing")),
        (TWO, known(TOTP), Allow(TWO, "satisfied")),
        (FRESH, known(KEY), StepUp(FRESH, "proof-too-weak-or-old")),
        (FRESH, known(TOTP), Allow(FRESH, "satisfied")),
        (STRONG, known(TOTP), Enroll(STRONG, "factor-missing")),
        (STRONG, known(KEY), Allow(STRONG, "satisfied")),
    ],
)
def test_one_rule(rule: Rule, evidence: Evidence, expected: Decision) -> None:
    """Each effect and kind of evidence shows the one decision that follows."""
    assert decide((rule,), evidence, NOW) == expected


@pytest.mark.conforms("ASVS-6.4.4")
@pytest.mark.parametrize(
    ("portfolio", "expected"),
    [
        (None, StepUp(TWO)),
        (Portfolio(Standing.NEVER_ENROLLED), Enroll(TWO, "never-enrolled")),
        (Portfolio(Standing.NEVER_ENROLLED, ("totp",)), Enroll(TWO, "never-enrolled")),
        (Portfolio(Standing.ENROLLED), Recover(TWO)),
        (Portfolio(Standing.ENROLLED, ("totp",)), StepUp(TWO)),
        (Portfolio(Standing.ENROLLED, ("removed-plugin",)), Enroll(TWO, "factor-missing")),
        (Portfolio(Standing.RECOVERY_NEEDED), Recover(TWO)),
    ],
)
def test_standing_decides_what_is_missing(portfolio: Portfolio | None, expected: Decision) -> None:
    """Promise 10: shows that only who never enrolled is led to a first enrollment, and that whoever
    lost every factor goes to recovery.
    """
    assert decide((TWO,), known(portfolio=portfolio), NOW) == expected


def test_what_is_held_says_from_when_it_counts() -> None:
    """A key that is held shows when it will do, the earliest of several, and only for rules that
    it would satisfy then; what it is worth now opens what asks no more.
    """
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    portfolio = Portfolio(
        Standing.ENROLLED,
        ("totp", "webauthn"),
        {"totp": Level.TWO_FACTOR, "webauthn": Level.TWO_FACTOR},
        (Held("webauthn", later), Held("webauthn", soon), Held("totp", NOW)),
    )
    held = known(portfolio=portfolio)
    assert decide((STRONG,), held, NOW) == Enroll(STRONG, "factor-held", soon)
    assert decide((TWO,), held, NOW) == StepUp(TWO)
    weak = Portfolio(
        Standing.ENROLLED, ("totp",), {"totp": Level.ONE_FACTOR}, (Held("totp", soon),)
    )
    assert decide((TWO,), known(portfolio=weak), NOW) == Enroll(TWO, "factor-held", soon)
    assert decide((STRONG,), known(portfolio=weak), NOW) == Enroll(STRONG, "factor-missing")


@pytest.mark.parametrize("standing", [Standing.ENROLLED, Standing.RECOVERY_NEEDED])
def test_who_has_nothing_usable_never_enrolls(standing: Standing) -> None:
    """Every rule shows that somebody who once had a factor and has none is never led to enroll."""
    for rule in RULES:
        found = decide((rule,), known(portfolio=Portfolio(standing)), NOW)
        assert not isinstance(found, Enroll)


def test_the_strictest_reading_decides() -> None:
    """Two rules of two readings show that the stricter decision holds, in either order."""
    for one, other, evidence, expected in [
        (OPEN, TWO, known(), StepUp(TWO)),
        (OPEN, TWO, NOBODY, Identify(TWO)),
        (OPEN, TWO, known(TOTP), Allow(TWO, "satisfied")),
        (TWO, CLOSED, known(TOTP), Deny(CLOSED)),
        (CLOSED, TWO, NOBODY, Deny(CLOSED)),
        (TWO, FRESH, known(KEY), StepUp(FRESH, "proof-too-weak-or-old")),
        (TWO, STRONG, known(), Enroll(STRONG, "factor-missing")),
        (KNOWN, TWO, known(), StepUp(TWO)),
    ]:
        assert decide((one, other), evidence, NOW) == expected
        assert decide((other, one), evidence, NOW) == expected


def test_no_rule_is_no_decision() -> None:
    """An empty selection, which no policy makes, shows an exception and never an allowance."""
    with pytest.raises(ValueError, match="empty"):
        decide((), known(TOTP, KEY), NOW)


evidences = st.builds(
    Evidence,
    st.sampled_from([None, ANN]),
    st.lists(st.sampled_from([TOTP, KEY]), max_size=2).map(tuple),
    st.none()
    | st.builds(
        Portfolio,
        st.sampled_from(Standing),
        st.sampled_from([(), ("totp",), ("webauthn",), ("totp", "webauthn"), ("gone",)]),
    ),
    st.just(LEVELS),
)


@given(st.lists(st.sampled_from(RULES), min_size=1, max_size=4), evidences)
def test_allowed_means_every_rule_allows(rules: list[Rule], evidence: Evidence) -> None:
    """Promise 2: any rules and evidence show that a request is allowed only if each rule is a
    bypass or satisfied by somebody known, and that one denial is enough.
    """
    found = decide(tuple(rules), evidence, NOW)
    fine = all(
        rule.effect is Effect.BYPASS
        or (
            rule.effect is Effect.REQUIRE
            and evidence.identity is not None
            and satisfies(evidence.proofs, rule.need, LEVELS, NOW)
        )
        for rule in rules
    )
    assert isinstance(found, Allow) == fine
    assert isinstance(found, Deny) == (CLOSED in rules)
    assert found.rule in rules


@given(st.sampled_from(RULES), evidences, st.integers(0, 10_000))
def test_decisions_decay(rule: Rule, evidence: Evidence, later_s: int) -> None:
    """Any evidence shows that what is refused now is not allowed by waiting."""
    later = NOW + timedelta(seconds=later_s)
    if isinstance(decide((rule,), evidence, later), Allow):
        assert isinstance(decide((rule,), evidence, NOW), Allow)


def test_lasting_needs_are_of_tunnels_only() -> None:
    """Two rules of three that close what is live: show their needs for a tunnel, else none."""
    needs = [Requirement(Level.TWO_FACTOR, timedelta(minutes=age)) for age in (1, 2, 3)]
    rules = tuple(
        Rule("r", Effect.REQUIRE, need, closes_live=closes)
        for need, closes in zip(needs, (True, False, True), strict=True)
    )
    assert lasting(rules, tunnel=True) == (needs[0], needs[2])
    assert lasting(rules, tunnel=False) == ()


GUARDED = Rule("all", Effect.REQUIRE, Requirement(Level.TWO_FACTOR))


def teststrictest() -> None:
    """Of several rules, the one above bypass that lets nothing be cached shows first."""
    opened = Rule("open", Effect.BYPASS, GUARDED.need)
    cached = Rule("cached", Effect.REQUIRE, GUARDED.need, keep_cache=True)
    assert strictest((opened, cached, GUARDED)) == GUARDED
    assert strictest((opened, cached)) == cached
    assert strictest((cached,)) is cached


def test_the_smallest_body_counts() -> None:
    """Of several rules, the one that allows the fewest bytes shows for all of them."""
    large = Rule("large", Effect.REQUIRE, GUARDED.need, max_body=9)
    small = Rule("small", Effect.BYPASS, GUARDED.need, max_body=3)
    assert strictest((GUARDED, large, small)).max_body == 3


NAMED = Rule("named", Effect.REQUIRE, Requirement(Level.TWO_FACTOR, factors=frozenset({"totp"})))


@pytest.mark.parametrize("standing", [Standing.RECOVERY_NEEDED, Standing.NEVER_ENROLLED])
def test_whom_an_operator_exempted(standing: Standing) -> None:
    """Somebody exempt shows that they pass a rule of two factors, and none that asks for a fresh
    proof, a certain one, or one that resists phishing; nor one that denies.
    """
    exempt = known(portfolio=Portfolio(standing, exempt=True))
    assert decide((TWO,), exempt, NOW) == Allow(TWO, "exempt-disabled")
    for rule in (STRONG, FRESH, NAMED):
        assert not isinstance(decide((rule,), exempt, NOW), Allow)
        assert not isinstance(decide((TWO, rule), exempt, NOW), Allow)
        assert not exempted(rule.need)
    assert decide((TWO, CLOSED), exempt, NOW) == Deny(CLOSED)


def test_what_must_last_for_somebody_exempt() -> None:
    """A tunnel of somebody exempt shows that it needs what they are not exempt from, alone."""
    two, fresh = (
        Rule("live", Effect.REQUIRE, rule.need, closes_live=True) for rule in (TWO, FRESH)
    )
    assert lasting((two, fresh), tunnel=True) == (two.need, fresh.need)
    assert lasting((two, fresh), tunnel=True, exempt=True) == (fresh.need,)
