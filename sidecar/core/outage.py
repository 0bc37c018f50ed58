"""What may still be allowed while the database cannot be reached: promise 2's one exception."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sidecar.core.assurance import Requirement, satisfies
from sidecar.core.model import Level, Proof
from sidecar.core.policy import Effect, Rule

LASTS: Final = timedelta(minutes=5)
"""How long after the revocations were last read something may be allowed: who was signed out
everywhere meanwhile goes on for that long."""


def bears(effect: Effect, need: Requirement) -> bool:
    """Tell whether a rule of this kind can allow anything in an outage, if it is to.

    Whoever asks for a fresh proof, or for one that nobody can be tricked into, wants to be asked.
    """
    weak = need.level <= Level.TWO_FACTOR and need.max_age is None
    return effect is Effect.REQUIRE and weak


def outlasts(
    rules: tuple[Rule, ...],
    proofs: Iterable[Proof],
    levels: Mapping[str, Level],
    *,
    read_at: datetime | None,
    now: datetime,
) -> bool:
    """Tell whether proofs that were in memory before an outage still allow a request.

    `read_at` is when the revocations were last read. Every rule that the request must satisfy has
    to be one that is to bear outages, and to be satisfied; bypasses ask nothing of anybody.
    """
    if read_at is None or not timedelta() <= now - read_at <= LASTS:
        return False
    known = tuple(proofs)
    asking = [rule for rule in rules if rule.effect is not Effect.BYPASS]
    return bool(asking) and all(
        rule.outlasts and bears(rule.effect, rule.need) and satisfies(known, rule.need, levels, now)
        for rule in asking
    )
