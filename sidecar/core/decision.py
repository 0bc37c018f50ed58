"""Rules and evidence become one decision; pure, and never awaits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sidecar.core.assurance import able, satisfies
from sidecar.core.model import Identity, Level, Proof, Standing
from sidecar.core.policy import Effect, Rule


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What a person could prove with: their standing and the factors they can use now."""

    standing: Standing
    usable: tuple[str, ...] = ()


@dataclass(slots=True)
class Allow:
    """The request goes on. Made for most requests, and so not frozen: that takes twice as long."""

    rule: Rule
    reason_id: str


@dataclass(frozen=True, slots=True)
class Identify:
    """Nobody is known; the application's own login comes first."""

    rule: Rule
    reason_id: str = "unidentified"


@dataclass(frozen=True, slots=True)
class StepUp:
    """Known, but a stronger or fresher proof is needed."""

    rule: Rule
    reason_id: str = "proof-missing"


@dataclass(frozen=True, slots=True)
class Enroll:
    """The person has no factor that could ever satisfy the rule."""

    rule: Rule
    reason_id: str = "never-enrolled"


@dataclass(frozen=True, slots=True)
class Recover:
    """The person had a factor and has none usable."""

    rule: Rule
    reason_id: str = "no-usable-factor"


@dataclass(frozen=True, slots=True)
class Deny:
    """Refused whatever is proven."""

    rule: Rule
    reason_id: str = "denied-by-rule"


Decision = Allow | Identify | StepUp | Enroll | Recover | Deny
_SEVERITY = (Allow, StepUp, Enroll, Recover, Identify, Deny)


@dataclass(slots=True)
class Evidence:
    """Everything about the asker that a decision may use; not frozen for the same reason."""

    identity: Identity | None
    proofs: tuple[Proof, ...] = ()
    portfolio: Portfolio | None = None
    """None where it was not looked up yet: then only `StepUp` says that something is missing."""
    levels: Mapping[str, Level] = field(default_factory=dict)


def decide(rules: tuple[Rule, ...], evidence: Evidence, now: datetime) -> Decision:
    """Return the strictest decision of all the rules that the request must satisfy."""
    if len(rules) == 1:
        return _decide(rules[0], evidence, now)
    decisions = [_decide(rule, evidence, now) for rule in rules]
    return max(
        decisions,
        key=lambda found: (_SEVERITY.index(type(found)), found.rule.need.level),
    )


def _decide(rule: Rule, evidence: Evidence, now: datetime) -> Decision:
    if rule.effect is Effect.DENY:
        return Deny(rule)
    if rule.effect is Effect.BYPASS:
        return Allow(rule, "bypass")
    if evidence.identity is None:
        return Identify(rule)
    if satisfies(evidence.proofs, rule.need, evidence.levels, now):
        return Allow(rule, "satisfied")
    return _missing(rule, evidence)


def _missing(rule: Rule, evidence: Evidence) -> Decision:
    portfolio = evidence.portfolio
    if portfolio is None:
        return StepUp(rule)
    if portfolio.standing is Standing.NEVER_ENROLLED:
        return Enroll(rule)
    if not portfolio.usable:
        return Recover(rule)
    if not able(portfolio.usable, rule.need, evidence.levels):
        return Enroll(rule, "factor-missing")
    return StepUp(rule, "proof-missing" if not evidence.proofs else "proof-too-weak-or-old")
