"""Rules and evidence become one decision; pure, and never awaits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sidecar.core.assurance import Requirement, able, satisfies
from sidecar.core.model import Identity, Level, Proof, Standing
from sidecar.core.policy import Effect, Rule


@dataclass(frozen=True, slots=True)
class Held:
    """An authenticator that gives less than its factor's level until a moment to come."""

    factor: str
    until: datetime
    name: str = ""
    """What its person calls it."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What a person could prove with: their standing and the factors they can use now."""

    standing: Standing
    usable: tuple[str, ...] = ()
    worth: Mapping[str, Level] = field(default_factory=dict)
    """The level that each of them gives now, where that may be less than its factor's."""
    held: tuple[Held, ...] = ()
    exempt: bool = False
    """The person's factors are switched off, and `exempt_disabled` lets them pass without."""

    def able(self, need: Requirement, levels: Mapping[str, Level]) -> tuple[str, ...]:
        """Return those of the factors a fresh proof of which would satisfy now."""
        return able(self.usable, need, {**levels, **self.worth})

    def counts_from(self, need: Requirement, levels: Mapping[str, Level]) -> datetime | None:
        """Return when the first of what is held will satisfy; None: nothing held ever will."""
        fit = able([item.factor for item in self.held], need, levels)
        return min((item.until for item in self.held if item.factor in fit), default=None)


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
    """The person has no factor that could satisfy the rule, or none that counts for it yet."""

    rule: Rule
    reason_id: str = "never-enrolled"
    held_until: datetime | None = None
    """From when something that was set up already will satisfy it."""


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


def lasting(
    rules: tuple[Rule, ...], *, tunnel: bool, exempt: bool = False
) -> tuple[Requirement, ...]:
    """Return what must be satisfied not only when the request begins, but for as long as it runs.

    Downloads are never cut by age, so this is nothing unless the request asks for a tunnel.
    """
    needs = tuple(rule.need for rule in rules if rule.closes_live) if tunnel else ()
    return tuple(need for need in needs if not (exempt and exempted(need)))


def exempted(need: Requirement) -> bool:
    """Tell whether somebody exempt may pass: never where a fresh or a named proof is asked."""
    return need.level <= Level.TWO_FACTOR and need.max_age is None and not need.factors


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
    if portfolio.exempt and exempted(rule.need):
        return Allow(rule, "exempt-disabled")
    if portfolio.standing is Standing.NEVER_ENROLLED:
        return Enroll(rule)
    if not portfolio.usable:
        return Recover(rule)
    if portfolio.able(rule.need, evidence.levels):
        return StepUp(rule, "proof-missing" if not evidence.proofs else "proof-too-weak-or-old")
    later = portfolio.counts_from(rule.need, evidence.levels)
    return Enroll(rule, "factor-missing" if later is None else "factor-held", later)


def strictest(rules: tuple[Rule, ...]) -> Rule:
    """Return the rule of a request that must satisfy all of these."""
    if len(rules) == 1:
        return rules[0]
    most = [rule.max_body for rule in rules if rule.max_body is not None]
    strictest = max(
        rules,
        key=lambda rule: (
            rule.effect is not Effect.BYPASS,
            not rule.keep_cache,
            rule.need.level,
        ),
    )
    return replace(strictest, max_body=min(most, default=None))
