"""Proofs become a level that decays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.assurance import (
    ACR,
    CLOCK_SKEW,
    Assurance,
    Requirement,
    able,
    assess,
    counts,
    satisfies,
    until,
    worth,
)
from sidecar.core.model import REMEMBERED, AuthenticatorId, Level, Proof

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
LEVELS = {
    "hint": Level.ONE_FACTOR,
    "totp": Level.TWO_FACTOR,
    "codes": Level.TWO_FACTOR,
    "webauthn": Level.PHISHING_RESISTANT,
    REMEMBERED: Level.TWO_FACTOR,
}
FACTORS = (*LEVELS, "gone")


def proof(factor: str, age: timedelta = timedelta(0), *amr: str) -> Proof:
    return Proof(factor, AuthenticatorId("a1"), amr or ("otp",), NOW - age)


ages = st.integers(-10, 4000).map(lambda seconds: timedelta(seconds=seconds))
proofs = st.lists(st.builds(proof, st.sampled_from(FACTORS), ages), max_size=4)
needs = st.builds(
    Requirement,
    st.sampled_from(Level),
    st.none() | st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    st.frozensets(st.sampled_from(FACTORS), max_size=2),
)


@pytest.mark.conforms("NIST-AAL2PAT-1")
def test_without_proof_there_is_one_factor() -> None:
    """No proof, and proofs of factors that are configured no more, show one factor and no amr."""
    nothing = Assurance(Level.ONE_FACTOR)
    assert assess([], LEVELS, NOW) == assess([proof("gone")], LEVELS, NOW) == nothing
    assert (nothing.acr, nothing.amr, nothing.at) == ("aal1", (), None)


def test_the_strongest_proof_carries_the_level() -> None:
    """Three proofs show the level of the strongest, its latest time, and the methods of all."""
    found = assess(
        [
            proof("totp", timedelta(0), "otp", "mfa"),
            proof("webauthn", timedelta(hours=1), "hwk"),
            proof("webauthn", timedelta(minutes=5), "hwk", "user"),
        ],
        LEVELS,
        NOW,
    )
    assert found.level is Level.PHISHING_RESISTANT
    assert found.acr == "phr"
    assert found.at == NOW - timedelta(minutes=5)
    assert found.amr == ("hwk", "otp", "user", "mfa")


def test_every_level_has_a_name() -> None:
    """Shows that no level is without the word that assertions carry."""
    assert set(ACR) == set(Level)


@pytest.mark.parametrize(
    ("ahead", "counted"),
    [(CLOCK_SKEW, True), (CLOCK_SKEW + timedelta(microseconds=1), False)],
)
def test_proofs_from_the_future_count_for_nothing(ahead: timedelta, *, counted: bool) -> None:
    """A proof dated ahead shows that two seconds are forgiven and no more."""
    one = proof("totp", -ahead)
    assert (assess([one], LEVELS, NOW).level is Level.TWO_FACTOR) == counted
    assert satisfies([one], Requirement(Level.TWO_FACTOR), LEVELS, NOW) == counted


@pytest.mark.conforms("ASVS-7.5.3")
@pytest.mark.parametrize(
    ("need", "factor", "age_s", "enough"),
    [
        (Requirement(Level.ONE_FACTOR), None, 0, True),
        (Requirement(Level.ONE_FACTOR, timedelta(minutes=5)), None, 0, False),
        (Requirement(Level.ONE_FACTOR, timedelta(minutes=5)), "totp", 300, True),
        (Requirement(Level.ONE_FACTOR, timedelta(minutes=5)), "totp", 301, False),
        (Requirement(Level.ONE_FACTOR, None, frozenset({"totp"})), "webauthn", 0, False),
        (Requirement(Level.ONE_FACTOR, None, frozenset({"hint"})), "hint", 0, False),
        (Requirement(Level.TWO_FACTOR), None, 0, False),
        (Requirement(Level.TWO_FACTOR), "hint", 0, False),
        (Requirement(Level.TWO_FACTOR), "totp", 10**6, True),
        (Requirement(Level.TWO_FACTOR), "webauthn", 0, True),
        (Requirement(Level.TWO_FACTOR, None, frozenset({"webauthn"})), "totp", 0, False),
        (Requirement(Level.PHISHING_RESISTANT), "totp", 0, False),
        (Requirement(Level.PHISHING_RESISTANT, timedelta(seconds=15)), "webauthn", 15, True),
        (Requirement(Level.PHISHING_RESISTANT, timedelta(seconds=15)), "webauthn", 16, False),
    ],
)
def test_requirements(need: Requirement, factor: str | None, age_s: int, *, enough: bool) -> None:
    """Level, age and factors show that each is needed, and that identity proves one factor."""
    given_proofs = [proof(factor, timedelta(seconds=age_s))] if factor else []
    assert satisfies(given_proofs, need, LEVELS, NOW) is enough


def test_a_stale_strong_proof_does_not_refresh_a_weak_one() -> None:
    """An old key and a fresh code show that strength and freshness must be one proof's."""
    need = Requirement(Level.PHISHING_RESISTANT, timedelta(minutes=5))
    both = [proof("webauthn", timedelta(hours=1)), proof("totp")]
    assert not satisfies(both, need, LEVELS, NOW)


@pytest.mark.conforms("NIST-SB-4", "NIST-AUTHB-1")
@pytest.mark.threat(64)
@pytest.mark.parametrize(
    ("need", "enough"),
    [
        (Requirement(Level.TWO_FACTOR), True),
        (Requirement(Level.TWO_FACTOR, timedelta(days=365)), False),
        (Requirement(Level.ONE_FACTOR, timedelta(days=365)), False),
        (Requirement(Level.TWO_FACTOR, None, frozenset({"totp"})), False),
        (Requirement(Level.TWO_FACTOR, None, frozenset({REMEMBERED})), False),
        (Requirement(Level.PHISHING_RESISTANT), False),
    ],
)
def test_a_remembered_browser_is_no_authentication(need: Requirement, *, enough: bool) -> None:
    """What a browser is remembered for shows that it passes where any second factor of any age
    would, nowhere else, and that no application is told of an authentication.
    """
    held = [Proof(REMEMBERED, AuthenticatorId("series"), (), NOW, Level.TWO_FACTOR)]
    assert satisfies(held, need, LEVELS, NOW) is enough
    assert (until(held, need, LEVELS) is None) is enough
    assert assess(held, LEVELS, NOW) == Assurance(Level.ONE_FACTOR)
    off = {name: level for name, level in LEVELS.items() if name != REMEMBERED}
    assert not satisfies(held, need, off, NOW)
    both = [*held, proof("totp", timedelta(hours=1))]
    assert assess(both, LEVELS, NOW).amr == ("otp", "mfa")


@pytest.mark.conforms("ASVS-6.3.6")
def test_what_is_no_second_factor_is_told_of_as_none() -> None:
    """A proof that the profile discounts, or whose authenticator is held, shows no `amr` and no
    time to applications, many of which look for `mfa` alone; beside one that counts, neither.
    """
    weak, held = proof("hint", timedelta(0), "otp"), replace(proof("totp"), most=Level.ONE_FACTOR)
    assert assess([weak, held], LEVELS, NOW) == Assurance(Level.ONE_FACTOR)
    good = proof("webauthn", timedelta(hours=1), "hwk", "pop")
    assert assess([weak, held, good], LEVELS, NOW) == assess([good], LEVELS, NOW)


@given(proofs, needs, st.integers(0, 10_000))
def test_assurance_decays(given_proofs: list[Proof], need: Requirement, later_s: int) -> None:
    """Any proofs and requirement show that what time does to them is only to spoil them."""
    past = [one for one in given_proofs if one.at <= NOW + CLOCK_SKEW]
    later = NOW + timedelta(seconds=later_s)
    if satisfies(past, need, LEVELS, later):
        assert satisfies(past, need, LEVELS, NOW)
    for one in past:
        assert counts(one, need, NOW) or not counts(one, need, later)


@given(proofs, proofs, needs)
def test_more_proofs_never_hurt(some: list[Proof], more: list[Proof], need: Requirement) -> None:
    """Any two sets of proofs show that adding one to the other lowers nothing."""
    if satisfies(some, need, LEVELS, NOW):
        assert satisfies([*some, *more], need, LEVELS, NOW)
    together = assess([*some, *more], LEVELS, NOW)
    assert together.level >= assess(some, LEVELS, NOW).level


@given(proofs, needs, needs)
def test_stricter_requirements_are_harder(
    given_proofs: list[Proof], one: Requirement, other: Requirement
) -> None:
    """Any two requirements show that proofs which meet their union meet each of them."""
    limits = [need.max_age for need in (one, other) if need.max_age is not None]
    both = Requirement(
        max(one.level, other.level),
        min(limits) if limits else None,
        one.factors & other.factors or one.factors or other.factors,
    )
    if one.factors and other.factors and not one.factors & other.factors:
        return
    if satisfies(given_proofs, both, LEVELS, NOW):
        assert satisfies(given_proofs, one, LEVELS, NOW)
        assert satisfies(given_proofs, other, LEVELS, NOW)


@given(st.sets(st.sampled_from(FACTORS)), needs, st.lists(ages, max_size=3))
def test_able_says_what_would_satisfy(
    factors: set[str], need: Requirement, old: list[timedelta]
) -> None:
    """Any factors and requirement show that a fresh proof of an able one is enough, and that no
    number of proofs of the others is.
    """
    fit = able(sorted(factors), need, LEVELS)
    for factor in fit:
        assert satisfies([proof(factor)], need, LEVELS, NOW)
    rest = [proof(factor, age) for factor in factors - set(fit) for age in (*old, timedelta(0))]
    trivial = need == Requirement(Level.ONE_FACTOR)
    assert satisfies(rest, need, LEVELS, NOW) == trivial


@given(proofs, needs, ages)
def test_until_is_the_end_of_satisfying(
    held: list[Proof], need: Requirement, later: timedelta
) -> None:
    """Any proofs and need: show satisfaction exactly before that moment, if none is from ahead."""
    now = NOW + later
    end = until(held, need, LEVELS)
    before = end is None or now < end
    satisfied = satisfies(held, need, LEVELS, now)
    assert before or not satisfied
    if all(one.at <= now + CLOCK_SKEW for one in held):
        assert satisfied == before


def test_until_the_last_moment() -> None:
    """A proof that may be five minutes old shows that the fifth minute still counts."""
    need = Requirement(Level.TWO_FACTOR, timedelta(minutes=5))
    end = until([proof("totp"), proof("codes", timedelta(minutes=1))], need, LEVELS)
    assert end == NOW + timedelta(minutes=5) + timedelta.resolution
    assert satisfies([proof("totp")], need, LEVELS, end - timedelta.resolution)
    assert not satisfies([proof("totp")], need, LEVELS, end)


def test_until_for_ever() -> None:
    """An age beyond the calendar shows that nothing overflows."""
    assert until([proof("totp")], Requirement(Level.TWO_FACTOR, timedelta.max), LEVELS) is None


@given(proofs, needs)
def test_satisfying_is_the_level_of_what_counts(
    given_proofs: list[Proof], need: Requirement
) -> None:
    """Any proofs and requirement show that they suffice where those that count reach the level."""
    counted = [one for one in given_proofs if one.factor in LEVELS and counts(one, need, NOW)]
    reached = assess(counted, LEVELS, NOW).level >= max(need.level, Level.TWO_FACTOR)
    if any(one.remembered for one in counted):
        reached |= need.level <= Level.TWO_FACTOR
    bare = need == Requirement(Level.ONE_FACTOR)
    assert satisfies(given_proofs, need, LEVELS, NOW) is (bare or reached)


def test_a_held_proof_is_worth_no_more_than_it_was_held_to() -> None:
    """A proof of a held key shows two factors, in the level and in what it satisfies."""
    held = Proof("webauthn", AuthenticatorId("a1"), ("hwk",), NOW, most=Level.TWO_FACTOR)
    whole = Proof("webauthn", AuthenticatorId("a2"), ("hwk",), NOW)
    strong = Requirement(Level.PHISHING_RESISTANT, timedelta(minutes=5))
    assert worth(held, LEVELS) is Level.TWO_FACTOR
    assert worth(whole, LEVELS) is Level.PHISHING_RESISTANT
    assert assess([held], LEVELS, NOW).level is Level.TWO_FACTOR
    assert not satisfies([held], strong, LEVELS, NOW)
    assert satisfies([held], Requirement(Level.TWO_FACTOR), LEVELS, NOW)
    assert satisfies([held, whole], strong, LEVELS, NOW)
    assert until([held], strong, LEVELS) == datetime.min.replace(tzinfo=UTC)
