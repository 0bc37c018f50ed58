"""What a challenge page asks: the factor chosen, the prompt to show, the other ways."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from sidecar.core.assurance import Requirement, satisfies
from sidecar.core.errors import PluginFailed
from sidecar.core.model import Authenticator, ChallengeId, Level, LookupCodes, Prompt
from sidecar.flows.portfolio import authenticators, portfolio_of
from sidecar.flows.visit import Visit
from sidecar.web.desk import Desk
from sidecar.web.outages import report
from sidecar.web.questions import Fault, Offer, Passkey, Question, Reason, Target
from sidecar.web.sending import SENT_AGAIN, again_at

LEVELS = {level.word: level for level in Level}
_CARRIED = ("factors", "level", "max_age")
_AGE_DIGITS = 8
_CLOSED = frozenset({"locked", "out-of-order"})
"""Faults after which there is nothing to ask."""
PASSKEYS = "webauthn"
"""The kind of factor whose challenges a browser can offer to answer by itself."""


def requirement(asked: Mapping[str, str]) -> Requirement:
    """Return the need that a redirect named in its query; only what is shown depends on it."""
    names = frozenset(name for name in asked.get("factors", "").split(",") if name)
    age = asked.get("max_age", "")
    readable = age.isascii() and age.isdigit() and len(age) <= _AGE_DIGITS
    return Requirement(
        LEVELS.get(asked.get("level", ""), Level.TWO_FACTOR),
        timedelta(seconds=int(age)) if readable else None,
        names,
    )


def carried(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a query or form that names the need, to be handed from page to page."""
    return {name: asked[name] for name in _CARRIED if asked.get(name)}


def met(desk: Desk, visit: Visit, need: Requirement) -> bool:
    """Tell whether the session proves already what is asked for."""
    kit = desk.flows.kit
    # Whoever opens a page of ours is asked, although a remembered browser would do elsewhere.
    given = [proof for proof in visit.require_session().proofs if not proof.remembered]
    return bool(given) and satisfies(given, need, kit.levels, kit.clock())


def reason(desk: Desk, visit: Visit, need: Requirement) -> Reason:
    """Return why a person in this session is asked."""
    session = visit.require_session()
    if not session.proven:
        return "remembered" if session.proofs else "sign-in"
    return "stale" if met(desk, visit, replace(need, max_age=None)) else "stronger"


async def offers(desk: Desk, visit: Visit, need: Requirement) -> tuple[Offer, ...]:
    """Return the factors the person may answer with, last used first.

    Where none of them would satisfy the need, all are offered: a weaker proof still opens the
    account page, where a stronger factor can be added.
    """
    kit = desk.flows.kit
    held = await authenticators(kit.store, visit.person)
    found = portfolio_of(kit, held)
    fitting = found.able(need, kit.levels) or found.usable
    return tuple(_offer(desk, factor, held) for factor in fitting)


def _offer(desk: Desk, factor: str, held: tuple[Authenticator, ...]) -> Offer:
    traits = desk.flows.kit.factors[factor].traits
    mine = sorted(
        (item for item in held if item.factor == factor and item.usable),
        key=lambda item: (item.last_used_at is not None, item.last_used_at or item.created_at),
        reverse=True,
    )
    used = [item.last_used_at for item in mine if item.last_used_at is not None]
    sets = [item.material.left for item in mine if isinstance(item.material, LookupCodes)]
    names = ", ".join(_called(item) for item in mine if _called(item))
    return Offer(
        factor=factor,
        kind=desk.site.kinds[factor],
        label=traits.label,
        detail="" if sets else names,
        last_used=max(used, default=None),
        left=sum(sets) if sets else None,
        channel=traits.channel,
        targets=tuple(_target(item, traits.channel) for item in mine) if traits.channel else (),
    )


def _called(item: Authenticator) -> str:
    """Return what tells it from others of its kind: its name, or what may be shown of it."""
    return item.detail if item.name == item.factor else item.name


def _target(item: Authenticator, channel: str) -> Target:
    name = "" if item.name == item.factor else item.name
    return Target(item.id, channel, item.detail, name)


async def question(
    desk: Desk,
    visit: Visit,
    ways: tuple[Offer, ...],
    asked: Mapping[str, str],
    *,
    fault: Fault | None = None,
    number: str = "",
) -> Question:
    """Return what to ask: an open challenge's prompt, or one that the page carries.

    Where too many tries closed a factor, or it is out of order, there is nothing to ask, only the
    other ways to show.

    Raises:
        PluginFailed: the factor is out of order, and there is no other way.

    """
    try:
        return await _question(desk, visit, ways, asked, fault=fault)
    except PluginFailed as error:
        if len(ways) == 1:
            raise
        desk.count(error.slug)
        report(error, number)
        out = Fault("out-of-order", number=number)
        return await _question(desk, visit, ways, asked, fault=out)


async def _question(
    desk: Desk,
    visit: Visit,
    ways: tuple[Offer, ...],
    asked: Mapping[str, str],
    *,
    fault: Fault | None,
) -> Question:
    factor, challenge = asked.get("factor", ""), asked.get("challenge", "")
    chosen = factor if any(way.factor == factor for way in ways) else ways[0].factor
    if fault is not None and fault.kind in _CLOSED:
        return _asked(ways, chosen, fault)
    if challenge:
        what = await _open(desk, visit, ways, asked)
        what = replace(what, fault=fault)
    elif fault is not None and fault.kind == "too-many-messages":
        return _asked(ways, chosen, fault)
    else:
        what = _asked(ways, chosen, fault)
        offered = await desk.flows.challenges.offer(visit, chosen, action=asked.get("action", ""))
        if offered is not None:
            what = replace(what, prompt=offered.prompt, carried=offered.token)
    beside = await _passkey(desk, visit, what, asked.get("action", "")) if what.prompt else None
    return replace(what, passkey=beside)


async def _open(
    desk: Desk, visit: Visit, ways: tuple[Offer, ...], asked: Mapping[str, str]
) -> Question:
    """Return what an open challenge asks, and when its message can be sent once more."""
    shown = await desk.flows.challenges.show(visit, ChallengeId(asked["challenge"]))
    return replace(
        _asked(ways, shown.factor, None),
        prompt=shown.prompt,
        challenge=shown.id,
        until=shown.expires_at,
        again_at=await again_at(desk, shown),
        sent_again=asked.get("sent") == SENT_AGAIN["sent"],
    )


async def _passkey(desk: Desk, visit: Visit, what: Question, action: str) -> Passkey | None:
    """Return a challenge by which the browser may offer a passkey where a code is asked for."""
    for way in what.others:
        if way.kind == PASSKEYS:
            try:
                offered = await desk.flows.challenges.offer(visit, way.factor, action=action)
            except PluginFailed as error:
                report(error)  # the question itself is about another factor, and stands
                return None
            if offered is not None and offered.prompt.data.get("conditional"):
                return Passkey(way.factor, offered.prompt, offered.token)
    return None


async def known(desk: Desk, visit: Visit) -> tuple[Prompt, ...]:
    """Return what a browser should know of the person's passkeys, where their factor can say it.

    Also after the last one was removed: only then is a list empty, and what is gone forgotten.
    """
    found = []
    for factor in desk.flows.kit.factors:
        if desk.site.kinds[factor] == PASSKEYS:
            with suppress(PluginFailed):  # a courtesy, for which no page should be missing
                found.append(await desk.flows.challenges.known(visit, factor))
    return tuple(found)


def _asked(ways: tuple[Offer, ...], factor: str, fault: Fault | None) -> Question:
    current = next((way for way in ways if way.factor == factor), ways[0])
    others = tuple(way for way in ways if way is not current)
    return Question(current, others=others, fault=fault)
