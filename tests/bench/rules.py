"""What a long policy costs: finding the rule among 2,000, beside finding it among 20."""

import time
from collections.abc import Callable, Sequence

from sidecar.core.assurance import Requirement
from sidecar.core.model import Level
from sidecar.core.policy import Effect, Facts, Policy, Rule, select
from tests.bench.places import Conditions

FEW, MANY = 20, 2000
DECISIONS = 5_000
TURNS = 7
NEED = Requirement(Level.TWO_FACTOR)
Words = Callable[[int], tuple[str, str]]
"""The glob of the rule of this number, and a path that it alone matches."""


def spread(number: int) -> tuple[str, str]:
    """Literal and prefix paths in turn, everywhere in the application."""
    if number % 2:
        return f"/page{number}", f"/page{number}"
    return f"/part{number}/**", f"/part{number}/list"


def crowded(number: int) -> tuple[str, str]:
    """Likewise, but all of them below one folder."""
    glob, path = spread(number)
    return f"/api/v1{glob}", f"/api/v1{path}"


def measure(_: Conditions) -> dict[str, float]:
    """Return how many times longer a decision takes."""
    return {
        "policy.rules_2000_over_20": _ratio(spread),
        "policy.rules_2000_over_20_in_one_folder": _ratio(crowded),
    }


def _ratio(words: Words) -> float:
    few, many = (prepared(words, count) for count in (FEW, MANY))
    taken = [(_seconds(*few), _seconds(*many)) for _ in range(TURNS)]
    # Nothing but work takes time here: whatever is slower than the fastest was disturbed.
    return min(time_s for _, time_s in taken) / min(time_s for time_s, _ in taken)


def prepared(words: Words, count: int) -> tuple[Policy, Sequence[Facts]]:
    rules = tuple(
        Rule(f"rule-{number}", Effect.REQUIRE, NEED, paths=(words(number)[0],))
        for number in range(count)
    )
    policy = Policy(rules, Rule("default", Effect.REQUIRE, NEED))
    paths = [words(number)[1] for number in range(0, count, count // FEW)]
    facts = [Facts("GET", "app.test", path, "192.0.2.7") for path in (*paths, "/elsewhere")]
    return policy, facts


def _seconds(policy: Policy, facts: Sequence[Facts]) -> float:
    """Return the time of some decisions, each of the rules met equally often."""
    began = time.perf_counter()
    for _ in range(DECISIONS // len(facts)):
        for fact in facts:
            select(policy.route(fact), None)
    return time.perf_counter() - began
