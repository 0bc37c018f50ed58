"""Proofs become a level, an age, amr and acr; computed at each use, so that they decay."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sidecar.core.model import REMEMBERED, Level, Proof

CLOCK_SKEW = timedelta(seconds=2)
"""A proof dated further ahead than this was written by a broken clock and counts for nothing."""

ACR = {
    Level.ONE_FACTOR: "aal1",
    Level.TWO_FACTOR: "aal2",
    Level.PHISHING_RESISTANT: "phr",
}
"""Authentication context names; `phr` is OpenID EAP's word for phishing-resistant."""

_ALWAYS = datetime.min.replace(tzinfo=UTC)

SCHEME = "TwoFactor"
"""Our scheme in `WWW-Authenticate` (RFC 9110 §11.6.1): no browser shows a dialog for it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a request needs: a level, optionally from certain factors, optionally lately."""

    level: Level
    max_age: timedelta | None = None
    factors: frozenset[str] = frozenset()
    """Factors that may satisfy it; empty means any."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """What proofs are worth at one moment."""

    level: Level
    amr: tuple[str, ...] = ()
    at: datetime | None = None
    """Time of the proof that carries the level; None where only the first factor is known."""

    @property
    def acr(self) -> str:
        """The name of the level for assertions and step-up headers."""
        return ACR[self.level]


def assess(proofs: Iterable[Proof], levels: Mapping[str, Level], now: datetime) -> Assurance:
    """Return the strongest assurance that these proofs give now.

    `levels` maps each configured factor to the level one of its proofs gives; a proof of a factor
    that is no longer configured is worth nothing. A remembered browser satisfies rules, but it is
    no authentication, so that nobody is told of one. Source: NIST 800-63B §5.1. Nor is anybody
    told of what is no second factor here: who reads `mfa` alone would take it for one.
    """
    counted = [
        proof
        for proof in proofs
        if worth(proof, levels) >= Level.TWO_FACTOR
        and proof.at <= now + CLOCK_SKEW
        and not proof.remembered
    ]
    if not counted:
        return Assurance(Level.ONE_FACTOR)
    best = max(counted, key=lambda proof: (worth(proof, levels), proof.at))
    methods = {method for proof in counted for method in proof.amr}
    return Assurance(worth(best, levels), (*sorted(methods - {"mfa"}), "mfa"), best.at)


def worth(proof: Proof, levels: Mapping[str, Level]) -> Level:
    """Return the level that this proof gives: its factor's, but no more than it was held to."""
    level = levels.get(proof.factor, Level.ONE_FACTOR)
    return min(level, proof.most)


def counts(proof: Proof, need: Requirement, now: datetime) -> bool:
    """Tell whether a proof counts here: of the right factor, fresh enough, not from ahead."""
    return (
        _kind_counts(proof.factor, need)
        and proof.at <= now + CLOCK_SKEW
        and (need.max_age is None or now - proof.at <= need.max_age)
    )


def _kind_counts(factor: str, need: Requirement) -> bool:
    """Tell whether any proof of this kind may count; a remembered browser is never a fresh one."""
    if factor == REMEMBERED:
        return need.max_age is None and not need.factors
    return not need.factors or factor in need.factors


def satisfies(
    proofs: Iterable[Proof], need: Requirement, levels: Mapping[str, Level], now: datetime
) -> bool:
    """Tell whether the proofs meet the requirement now.

    One factor is what identification alone proves; everything above needs a proof of ours. A
    requirement that names factors or an age needs a proof even at one factor.
    """
    if need.level is Level.ONE_FACTOR and not need.factors and need.max_age is None:
        return True
    target = max(need.level, Level.TWO_FACTOR)
    for proof in proofs:  # noqa: SIM110 - on the path of every request; a generator costs twice
        if worth(proof, levels) >= target and counts(proof, need, now):
            return True
    return False


def until(
    proofs: Iterable[Proof], need: Requirement, levels: Mapping[str, Level]
) -> datetime | None:
    """Return the first moment at which these proofs no longer satisfy; None where there is none.

    That is the earliest of all moments where no proof is of a kind that satisfies.
    """
    if need.level is Level.ONE_FACTOR and not need.factors and need.max_age is None:
        return None
    fit = [
        proof.at
        for proof in proofs
        if able((proof.factor,), need, {proof.factor: worth(proof, levels)})
    ]
    if not fit:
        return _ALWAYS
    if need.max_age is None:
        return None
    try:
        return max(fit) + need.max_age + timedelta.resolution
    except OverflowError:  # an age that no proof can reach
        return None


def able(
    factors: Collection[str], need: Requirement, levels: Mapping[str, Level]
) -> tuple[str, ...]:
    """Return those of the factors a fresh proof of which would satisfy the requirement alone."""
    target = max(need.level, Level.TWO_FACTOR)
    return tuple(
        factor
        for factor in factors
        if factor in levels and levels[factor] >= target and _kind_counts(factor, need)
    )
