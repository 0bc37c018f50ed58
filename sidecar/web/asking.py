"""What a challenge page asks: the factor chosen, the prompt to show, the other ways."""

from sidecar.core.assurance import Requirement, able
from sidecar.core.model import Authenticator, ChallengeId, Level, LookupCodes, Prompt
from sidecar.flows.portfolio import authenticators, usable_factors
from sidecar.flows.visit import Visit
from sidecar.web.desk import Desk
from sidecar.web.views import Fault, Offer, Question

LEVELS = {level.word: level for level in Level}


def requirement(factors: str, level: str) -> Requirement:
    """Return the need that a redirect named in its query; only what is shown depends on it."""
    names = frozenset(name for name in factors.split(",") if name)
    return Requirement(LEVELS.get(level, Level.TWO_FACTOR), factors=names)


async def offers(desk: Desk, visit: Visit, need: Requirement) -> tuple[Offer, ...]:
    """Return the factors the person may answer with, last used first.

    Where none of them would satisfy the need, all are offered: a weaker proof still opens the
    account page, where a stronger factor can be added.
    """
    kit = desk.flows.kit
    held = await authenticators(kit.store, visit.person)
    usable = usable_factors(kit, held)
    fitting = able(usable, need, kit.levels) or usable
    return tuple(_offer(desk, factor, held) for factor in fitting)


def _offer(desk: Desk, factor: str, held: tuple[Authenticator, ...]) -> Offer:
    mine = [item for item in held if item.factor == factor and item.usable]
    used = [item.last_used_at for item in mine if item.last_used_at is not None]
    sets = [item.material.left for item in mine if isinstance(item.material, LookupCodes)]
    names = ", ".join(item.name for item in mine if item.name != factor)
    return Offer(
        factor=factor,
        kind=desk.site.kinds[factor],
        detail="" if sets else names,
        last_used=max(used, default=None),
        left=sum(sets) if sets else None,
    )


async def question(
    desk: Desk,
    visit: Visit,
    ways: tuple[Offer, ...],
    *,
    factor: str = "",
    challenge: str = "",
    fault: Fault | None = None,
) -> Question:
    """Return what to ask: an open challenge's prompt, or one that needs no beginning."""
    if challenge:
        shown = await desk.flows.challenges.show(visit, ChallengeId(challenge))
        return _asked(ways, shown.factor, shown.prompt, challenge=challenge, fault=fault)
    chosen = factor if any(way.factor == factor for way in ways) else ways[0].factor
    prompt = await desk.flows.challenges.preview(visit, chosen)
    return _asked(ways, chosen, prompt, fault=fault)


def _asked(
    ways: tuple[Offer, ...],
    factor: str,
    prompt: Prompt | None,
    *,
    challenge: str = "",
    fault: Fault | None,
) -> Question:
    current = next((way for way in ways if way.factor == factor), ways[0])
    others = tuple(way for way in ways if way is not current)
    return Question(current, prompt, challenge, others, fault)
