"""All checks in order, and what came of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from sidecar.conformance import answers, hostile, kept, people, quiet, seeds, shown, timing
from sidecar.conformance.advice import ADVICE
from sidecar.conformance.case import Broken, Case

Check = Callable[[Case], Awaitable[None]]

CHECKS: Final[tuple[Check, ...]] = (
    timing.in_time,
    answers.right_answer,
    shown.honest,
    shown.prompts,
    shown.messages,
    kept.kept,
    answers.wrong_answer,
    answers.replay,
    answers.race,
    answers.enrollment_answer,
    answers.wrong_enrollment,
    answers.another_enrollment,
    answers.another_challenge,
    answers.stateless,
    people.another_person,
    people.another_persons_authenticator,
    people.another_persons_state,
    people.unusable,
    seeds.seeds,
    hostile.malformed,
    hostile.malformed_enrollment,
    hostile.stored_form,
    quiet.silent,
    timing.never_blocks,
)
"""Each says in its docstring what it promises, and raises `Broken` where that does not hold."""

FIRST: Final = CHECKS[:2]
"""Where one of these fails, the others could tell nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    promise: str
    broken: str | None = None
    """What the plugin did instead; None where it keeps the promise."""
    advice: str = ""
    """What its author can do about it."""
    skipped: bool = False
    """It could not be tried, since what comes before it failed."""


async def run(case: Case) -> tuple[Finding, ...]:
    """Return what every check finds."""
    found: list[Finding] = []
    for check in CHECKS:
        unable = any(item.broken for item in found[: len(FIRST)])
        found.append(_of(check, skipped=True) if unable else await _tried(check, case))
    return tuple(found)


async def _tried(check: Check, case: Case) -> Finding:
    try:
        await check(case)
    except Broken as broken:
        return _of(check, str(broken))
    return _of(check)


def _of(check: Check, broken: str | None = None, *, skipped: bool = False) -> Finding:
    name, promise = check.__name__, (check.__doc__ or "").strip()
    return Finding(name, promise, broken, ADVICE[name] if broken else "", skipped=skipped)
