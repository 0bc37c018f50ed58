"""The written rules become the compiled policy."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sidecar.core.assurance import Requirement
from sidecar.core.model import Level
from sidecar.core.outage import bears
from sidecar.core.policy import Effect, Policy, Rule
from sidecar.settings.rules import Demand, OnOutage, RulePart
from sidecar.settings.schema import Settings

LOGIN: Final = "login"
"""Name of the rule that `login.paths` makes; it stands before all others."""
DEFAULT: Final = "default"
RESERVED: Final = frozenset({LOGIN, DEFAULT})

_LEVELS: Final[Mapping[Demand, Level]] = MappingProxyType(
    {
        Demand.BYPASS: Level.ONE_FACTOR,
        Demand.ONE_FACTOR: Level.ONE_FACTOR,
        Demand.TWO_FACTOR: Level.TWO_FACTOR,
        Demand.PHISHING_RESISTANT: Level.PHISHING_RESISTANT,
        Demand.DENY: Level.PHISHING_RESISTANT,
    }
)


def compile_policy(settings: Settings) -> Policy:
    """Return the policy: the login paths, then the rules as written, then the default.

    Raises:
        ValueError: the patterns are written in too many odd ways at once.

    """
    return Policy(rules_of(settings), default_of(settings))


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules in order, the default not among them."""
    written = (_compiled(settings, part) for part in settings.policy.rules)
    # The way out is open to everybody too: "not you?" must not end in a challenge.
    login = dict.fromkeys((*settings.login.paths, *settings.login.logout))
    return (*_login(tuple(login)), *written)


def default_of(settings: Settings) -> Rule:
    demand = Demand(settings.policy.default)
    effect, need = effect_of(demand), Requirement(_LEVELS[demand])
    return Rule(DEFAULT, effect, need, outlasts=_outlasts(settings.policy.on_outage, effect, need))


def _compiled(settings: Settings, part: RulePart) -> Rule:
    effect = effect_of(part.level)
    need = Requirement(_LEVELS[part.level], part.max_age, frozenset(part.factors))
    return Rule(
        part.name,
        effect,
        need,
        paths=part.path,
        regexes=part.regex,
        hosts=settings.authorities(part.host),
        methods=frozenset(part.methods),
        networks=part.networks,
        groups=frozenset(part.groups),
        subjects=frozenset(part.subjects),
        preflight=part.preflight is not None,
        keep_cache=part.cache is not None,
        any_activity=part.activity is not None,
        max_body=part.max_body,
        closes_live=part.live is not None,
        outlasts=_outlasts(part.on_outage or settings.policy.on_outage, effect, need),
    )


def _outlasts(said: OnOutage, effect: Effect, need: Requirement) -> bool:
    return said == "allow_if_proven" and bears(effect, need)


def effect_of(demand: Demand) -> Effect:
    match demand:
        case Demand.BYPASS:
            return Effect.BYPASS
        case Demand.DENY:
            return Effect.DENY
        case _:
            return Effect.REQUIRE


def _login(paths: tuple[str, ...]) -> tuple[Rule, ...]:
    if not paths:
        return ()
    return (Rule(LOGIN, Effect.BYPASS, Requirement(Level.ONE_FACTOR), paths=paths),)
