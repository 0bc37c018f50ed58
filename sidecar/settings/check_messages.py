"""What must hold for messages to be sent, and for what they prove to be worth something."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

from sidecar.core.policy import Effect
from sidecar.settings.declared import Declared, able_first, transports_of
from sidecar.settings.draft import Draft
from sidecar.settings.faults import Finding, Where
from sidecar.settings.policy import DEFAULT, default_of, rules_of

SMS: Final = "sms"
PHONE_CHANNELS: Final = frozenset({"email", SMS})
"""What an identity source can state an address of."""


def carried(draft: Draft, name: str, above: tuple[str, ...] = ()) -> frozenset[str] | None:
    """Return the channels that a transport carries; None where that cannot be told."""
    item = next((one for one in draft.transports if one.name == name), None)
    if item is None or item.transport is None or name in above:
        return None
    members = [carried(draft, member, (*above, name)) for _, member in _members(item)]
    if not members:
        return item.transport.channels
    told = [channels for channels in members if channels is not None]
    return frozenset.intersection(*told) if len(told) == len(members) else None


def channels(draft: Draft) -> Iterator[Finding]:
    """Each factor that sends codes names a transport that carries them."""
    for item in draft.declared:
        if item.factor is None or not item.factor.channel:
            continue
        for key, name in transports_of(item.options):
            carries = carried(draft, name)
            if carries is not None and item.factor.channel not in carries:
                message = f"transport {name!r} carries {', '.join(sorted(carries)) or 'nothing'}"
                hint = f"{item.name} sends {item.factor.channel}"
                yield Finding(("factors", item.name, *key), message, hint)


def choosing(draft: Draft) -> Iterator[Finding]:
    """A transport that chooses among others has several, each once, and none that chooses too."""
    choosers = {item.name for item in draft.transports if tuple(_members(item))}
    for item in draft.transports:
        members = tuple(_members(item))
        where: Where = ("transports", item.name)
        if len(members) == 1:
            yield Finding((*where, "of"), "has nobody to fail over to", "name two or more")
        for index, (key, name) in enumerate(members):
            if name in choosers:
                yield Finding((*where, *key), f"{name!r} chooses among transports itself")
            elif name in {earlier for _, earlier in members[:index]}:
                yield Finding((*where, *key), f"{name!r} is named twice")
        if members and carried(draft, item.name) == frozenset():
            yield Finding((*where, "of"), "these transports have no channel in common")


def unused(draft: Draft) -> Iterator[Finding]:
    """A transport that is declared carries something."""
    if not (draft.sound("factors") and draft.sound("transports")):
        return
    named = {name for item in draft.declared for _, name in transports_of(item.options)}
    served: set[str] = set()
    for item in draft.transports:
        carries = carried(draft, item.name) or frozenset()
        if item.name not in named and carries <= served:
            message = "carries nothing: no factor names it, and notices go by another"
            yield Finding(("transports", item.name), message, warning=True)
        served |= carries


def development(draft: Draft) -> Iterator[Finding]:
    """What writes codes where anybody may read them is for a machine of one's own."""
    local = all(origin.local for origin in draft.settings.public)
    for item in draft.transports:
        if item.transport is not None and item.transport.development and not local:
            message = "is for development: it shows the codes to whoever reads the log"
            yield Finding(("transports", item.name), message, "name a real transport")


def regions(draft: Draft) -> Iterator[Finding]:
    """Text messages go where the operator said, and budgets speak of those places."""
    part = draft.settings.messages
    texts = [item for item in draft.declared if item.factor and item.factor.channel == SMS]
    if texts and not part.regions and draft.sound("messages"):
        hint = "list the countries of your people, such as `regions: ['+49', '+43']`"
        yield Finding(("factors", texts[0].name), "no text is sent without messages.regions", hint)
    for one, other in combinations(range(len(part.regions)), 2):
        short, long = sorted((part.regions[one], part.regions[other]), key=len)
        if long.startswith(short):
            message = f"{long} lies within {short}, so that it counts apart from it"
            yield Finding(("messages", "regions", other), message, warning=True)
    for region in part.per_region_daily:
        if region not in part.regions:
            message = f"{region} is none of messages.regions"
            yield Finding(("messages", "per_region_daily", region), message)


def restricted(draft: Draft) -> Iterator[Finding]:
    """Text messages are never the only way (NIST 800-63B §3.2.9, ASVS 6.6.1)."""
    if not draft.factors_known:
        return
    ways = [item for item in draft.declared if item.factor and not item.factor.stands_in]
    if ways and all(item.factor and item.factor.restricted for item in ways):
        if draft.settings.messages.accept_risk:
            return
        message = "text messages can be intercepted or redirected, and there is no other way"
        hint = "add totp or webauthn; `messages: {accept_risk: true}` if nothing else can be"
        yield Finding(("factors", ways[0].name), message, hint)


def alone(draft: Draft) -> Iterator[Finding]:
    """Rules ask for more than a code by text message or email, or the operator knows it."""
    if not draft.factors_known:
        return
    weak = {
        item.name
        for item in draft.declared
        if item.factor and (item.factor.restricted or not item.factor.strict)
    }
    written = {part.name: at for at, part in enumerate(draft.settings.policy.rules)}
    for rule in (*rules_of(draft.settings), default_of(draft.settings)):
        if rule.effect is not Effect.REQUIRE or (rule.name != DEFAULT and rule.name not in written):
            continue
        fit = able_first(draft.declared, rule.need, draft.discounted)
        if fit and set(fit) <= weak:
            at = written.get(rule.name)
            where: Where = ("policy", "default") if at is None else ("policy", "rules", at)
            message = (
                f"only {' and '.join(sorted(fit))} can satisfy it: a code that may be diverted"
            )
            hint = "offer totp or webauthn too"
            yield Finding(where, message, hint, warning=True)


def confirming(draft: Draft) -> Iterator[Finding]:
    """A code before a first enrollment has something to travel by."""
    if draft.settings.enrollment.first != "confirmed" or not draft.sound("transports"):
        return
    carries = [carried(draft, item.name) or frozenset() for item in draft.transports]
    if not any(channels & PHONE_CHANNELS for channels in carries):
        message = "`confirmed` sends a code to people's addresses, and no transport carries it"
        yield Finding(("enrollment", "first"), message, "declare a transport such as smtp")
    source = next(iter(draft.settings.identity.items()), None)
    stated = [
        (item.model_extra or {}).get(key)
        for item in draft.settings.identity.values()
        for key in ("email", "phone")
    ]
    if source is not None and not any(stated):
        message = "no identity source says which email or phone a person has"
        hint = "without it people need an invitation"
        yield Finding(("identity", source[0]), message, hint, warning=True)


def _members(item: Declared) -> Iterator[tuple[Where, str]]:
    """Yield the transports among which one chooses."""
    return (one for one in transports_of(item.options) if one[0][0] == "of")


CHECKS: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    channels,
    choosing,
    unused,
    development,
    regions,
    restricted,
    alone,
    confirming,
)
