"""What rules must say to mean what their author wants."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from sidecar.core.assurance import Requirement
from sidecar.core.model import Level
from sidecar.core.outage import bears
from sidecar.core.paths import Treatment, classes_of
from sidecar.core.policy import Effect
from sidecar.settings.declared import able_first
from sidecar.settings.draft import Draft
from sidecar.settings.faults import Finding, Where, did_you_mean
from sidecar.settings.policy import DEFAULT, LOGIN, RESERVED, default_of, effect_of, rules_of
from sidecar.settings.reach import ANYWHERE, covers, unreachable
from sidecar.settings.rules import Demand, RulePart

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_CLASS: Final = re.compile(r"\[\^?\]?[^\]]*\]")
_LISTS: Final = frozenset(
    {"path", "regex", "host", "methods", "networks", "groups", "subjects", "factors"}
)
_NESTED: Final = re.compile(r"\([^()]*[+*][^()]*\)[+*{]")


def _rules(draft: Draft) -> Iterator[tuple[Where, RulePart]]:
    for index, part in enumerate(draft.settings.policy.rules):
        where: Where = ("policy", "rules", index)
        if draft.sound(*where):
            yield where, part


def names(draft: Draft) -> Iterator[Finding]:
    """Each rule has a name of its own."""
    seen: set[str] = set()
    for where, part in _rules(draft):
        if part.name in RESERVED:
            yield Finding((*where, "name"), f"{part.name!r} is the sidecar's own rule")
        elif part.name in seen:
            yield Finding((*where, "name"), f"another rule is called {part.name!r}")
        seen.add(part.name)


def factors(draft: Draft) -> Iterator[Finding]:
    """Rules name configured factors only."""
    for where, part in _rules(draft):
        for index, name in enumerate(part.factors):
            if name not in draft.factors:
                hint = did_you_mean(name, draft.factors) or "there is " + ", ".join(
                    sorted(draft.factors)
                )
                yield Finding((*where, "factors", index), f"no factor is called {name!r}", hint)


def satisfiable(draft: Draft) -> Iterator[Finding]:
    """Somebody could satisfy each rule that demands a proof."""
    if not draft.factors_known:
        return  # a factor whose options have a fault may be the one that is needed
    written = {part.name: where for where, part in _rules(draft)}
    for rule in (*rules_of(draft.settings), default_of(draft.settings)):
        where = ("policy", "default") if rule.name == DEFAULT else written.get(rule.name)
        needs = rule.need.level.value > 1 or rule.need.factors or rule.need.max_age is not None
        unknown = rule.need.factors - draft.factors
        if where is None or rule.effect is not Effect.REQUIRE or not needs or unknown:
            continue
        if not able_first(draft.declared, rule.need, draft.discounted):
            word = rule.need.level.word
            yield Finding(where, f"no configured factor can satisfy it ({word})")


def bypasses(draft: Draft) -> Iterator[Finding]:
    """A bypass asks nobody, so it cannot depend on who asks; nor does a denial have an age."""
    for where, part in _rules(draft):
        if part.level is Demand.BYPASS:
            for key in ("groups", "subjects"):
                if getattr(part, key):
                    message = f"a bypass asks nobody, so it cannot tell {key}"
                    yield Finding((*where, key), message)
            yield from _wide(where, part)
        if effect_of(part.level) is not Effect.REQUIRE:
            for key in ("factors", "max_age"):
                if getattr(part, key):
                    yield Finding((*where, key), f"means nothing with level {part.level.value}")
        if part.live is not None and part.max_age is None:
            message = "closes nothing without max_age: only a proof's age ends a WebSocket here"
            yield Finding((*where, "live"), message, warning=True)


def outages(draft: Draft) -> Iterator[Finding]:
    """What is written for outages has an effect."""
    hint = "only rules of one_factor and two_factor, without max_age, bear an outage"
    for where, part in _rules(draft):
        need = Requirement(Level[part.level.name], part.max_age) if _asks(part) else None
        if part.on_outage == "allow_if_proven" and (
            need is None or not bears(Effect.REQUIRE, need)
        ):
            message = "has no effect here: while the database is down, this rule denies"
            message = message if need else "has no effect here: this rule asks for no proof"
            yield Finding((*where, "on_outage"), message, hint if need else "", warning=True)
    rules = (*rules_of(draft.settings), default_of(draft.settings))
    if draft.settings.policy.on_outage != "deny" and not any(rule.outlasts for rule in rules):
        message = "has no effect: no rule is left to it that could bear an outage"
        yield Finding(("policy", "on_outage"), message, hint, warning=True)


def _asks(part: RulePart) -> bool:
    return effect_of(part.level) is Effect.REQUIRE


def _wide(where: Where, part: RulePart) -> Iterator[Finding]:
    if not part.path and not part.regex:
        others = part.host or part.methods or part.networks
        message = "a bypass without path opens every path"
        yield Finding(where, message, warning=bool(others))
    for index, regex in enumerate(part.regex):
        if _crosses(regex):
            message = "matches across slashes, so it may open more than it seems"
            hint = "write [^/] instead of ."
            yield Finding((*where, "regex", index), message, hint, warning=True)


def _crosses(regex: str) -> bool:
    """Tell whether the expression holds something that also matches a slash unseen."""
    wild = {hit[1] for hit in _ESCAPED.finditer(regex)} & set("SWD")
    plain = _ESCAPED.sub("", regex)
    negated = any(hit[0][1] == "^" and "/" not in hit[0] for hit in _CLASS.finditer(plain))
    return bool(wild) or negated or "." in _CLASS.sub("", plain)


def criteria(draft: Draft) -> Iterator[Finding]:
    """A criterion that is written says something: an empty list would hold for everybody."""
    for where, part in _rules(draft):
        for key in sorted(_LISTS & part.model_fields_set):
            if not getattr(part, key):
                written = type(part).model_fields[key].alias or key
                yield Finding((*where, written), "is empty, so it would not narrow the rule")
        if part.max_age is not None and not part.max_age:
            yield Finding((*where, "max_age"), "no proof could ever be fresh enough")


def opened(draft: Draft) -> Iterator[Finding]:
    """Bypasses leave something to protect; alone or together they do not open every path."""
    globs: tuple[str, ...] = ("",)  # `/**` also fits no path at all, which never arrives
    for rule in rules_of(draft.settings):
        if rule.effect is not Effect.BYPASS:
            return  # it protects something, or `reach` tells why it does not
        if not (rule.hosts or rule.methods or rule.networks):
            globs += rule.paths
        if covers(globs, ANYWHERE):
            where: Where = ("login",)
            if rule.name != LOGIN:
                written = [part.name for part in draft.settings.policy.rules]
                where = ("policy", "rules", written.index(rule.name))
            yield Finding(where, "opens every path to everybody: nothing would be protected")
            return


def patience(draft: Draft) -> Iterator[Finding]:
    """No expression repeats a repetition: a path chosen for it would be judged for minutes."""
    for where, part in _rules(draft):
        for index, regex in enumerate(part.regex):
            if _NESTED.search(_CLASS.sub("x", _ESCAPED.sub("x", regex))):
                message = "repeats a repetition: some paths take it very long to judge"
                yield Finding((*where, "regex", index), message, warning=True)


def hosts(draft: Draft) -> Iterator[Finding]:
    """Rules name hosts by which requests can arrive."""
    if not draft.sound("public"):
        return
    public = {origin.host for origin in draft.settings.public}
    for where, part in _rules(draft):
        for index, host in enumerate(part.host):
            if host not in public:
                hint = did_you_mean(host, public)
                yield Finding((*where, "host", index), f"{host} is no host of `public`", hint)


def paths(draft: Draft) -> Iterator[Finding]:
    """Patterns can match something that reaches the policy."""
    settings = draft.settings
    treatments = [upstream.treatments for upstream in settings.upstreams.values()]
    for where, part in _rules(draft):
        for index, glob in enumerate(part.path):
            if f"{glob}/".startswith(settings.pages.prefix):
                ours = settings.pages.prefix
                message = f"lies under {ours}, which the sidecar answers itself"
                yield Finding((*where, "path", index), message)
            for kind in sorted(classes_of(glob)):
                if all(table[kind] is Treatment.REFUSE for table in treatments):
                    message = f"never matches: paths with {kind.value} are refused"
                    yield Finding((*where, "path", index), message)


def reach(draft: Draft) -> Iterator[Finding]:
    """No rule stands behind others that take all its requests."""
    rules = rules_of(draft.settings)
    offset = len(rules) - len(draft.settings.policy.rules)
    for index, takers in unreachable(rules):
        if index < offset:
            continue
        where = ("policy", "rules", index - offset)
        told = " and ".join(_told(rules[at].name) for at in takers)
        yield Finding(where, f"is never reached: {told} above takes all its requests")


def _told(name: str) -> str:
    return "login.paths" if name == LOGIN else f"rule {name!r}"


CHECKS: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    names,
    factors,
    satisfiable,
    bypasses,
    outages,
    criteria,
    opened,
    patience,
    hosts,
    paths,
    reach,
)
