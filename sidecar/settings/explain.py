"""Why a request is decided as it is: every rule, every criterion, every reading of its path."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sidecar.core.decision import Decision, Evidence, decide
from sidecar.core.errors import MalformedRequest
from sidecar.core.paths import is_plain, refuse, views
from sidecar.core.policy import Effect, Facts, Policy, Rule, concerns, select
from sidecar.settings.faults import Where
from sidecar.settings.load import Loaded
from sidecar.settings.policy import DEFAULT, LOGIN, default_of
from sidecar.settings.schema import Settings
from sidecar.settings.words import Origin

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Question:
    """A request as an operator describes it."""

    method: str
    url: str
    """A path, or an absolute URL."""
    client: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a rule: `holds` is `yes`, `no`, or `some` of the readings."""

    name: str
    holds: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule; `chosen` says that it is one of those the request must satisfy."""

    rule: Rule
    line: int
    criteria: tuple[Criterion, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happens to the request; without a decision, `outcome` says what happens before one."""

    outcome: str
    origin: str = ""
    upstream: str = ""
    readings: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    decision: Decision | None = None


def explain(loaded: Loaded, question: Question, now: datetime) -> Explanation:
    """Return what the sidecar would do with the request, and why."""
    settings = loaded.settings
    asked, path = _target(settings, question.url)
    origin = _origin(settings, asked)
    upstream = settings.upstream_for(origin.authority) if origin else None
    if origin is None or upstream is None:
        return Explanation(f"421 misdirected-request: {asked} is not served here")
    facts = Facts(question.method, origin.authority, path, question.client)
    try:
        refuse(path, settings.upstreams[upstream].treatments)
        readings = tuple(view.path for view in views(path))
        if _ours(path, readings, settings.pages.prefix):
            return Explanation("the sidecar's own pages answer", str(origin))
        chosen = select(loaded.policy.route(facts), question.evidence.identity)
    except MalformedRequest as refused:
        return Explanation(f"400 malformed-request: {refused}", str(origin), upstream)
    decision = decide(chosen, question.evidence, now)
    rows = tuple(_rows(loaded, facts, question.evidence, chosen))
    told = _outcome(decision, settings) + _also(settings, question, chosen)
    return Explanation(told, str(origin), upstream, readings, rows, decision)


def _target(settings: Settings, url: str) -> tuple[str, str]:
    """Return authority and path, both as written; nothing is decoded or cleaned."""
    _, found, rest = url.partition("://")
    if not found:
        return settings.public[0].authority, url.partition("?")[0]
    authority, slash, path = rest.partition("?")[0].partition("/")
    return authority, f"{slash}{path}" or "/"


def _origin(settings: Settings, asked: str) -> Origin | None:
    """Return the public origin that a Host header of this text names."""
    host, colon, port = asked.lower().rpartition(":")
    if not (colon and port.isdigit()):
        host, port = asked.lower(), ""
    host = host.removesuffix(".")
    for origin in settings.public:
        default = "443" if origin.secure else "80"
        wanted = host if port in {"", default} else f"{host}:{port}"
        if wanted == origin.authority:
            return origin
    return None


def _ours(path: str, readings: tuple[str, ...], prefix: str) -> bool:
    """Tell whether the path is one of our own pages.

    Raises:
        MalformedRequest: only some reading of it is, so that peers could disagree.

    """
    if is_plain(path) or is_plain(path.removesuffix("/")):
        return path.startswith(prefix)
    for reading in readings:
        if f"{reading}/" == prefix or reading.startswith(prefix):
            raise MalformedRequest("a path of ours under a reading that is not plain")
    return False


def _outcome(decision: Decision, settings: Settings) -> str:
    name = type(decision).__name__
    if name == "Identify":
        return f"Identify: unidentified requests meet `{settings.unidentified.value}`"
    return f"{name}: {decision.reason_id}"


def _also(settings: Settings, question: Question, chosen: tuple[Rule, ...]) -> str:
    """Return what several replicas do first about requests that may sign somebody in."""
    tells = question.method not in _SAFE or "?" in question.url
    if settings.replicas > 1 and tells and any(rule.name == LOGIN for rule in chosen):
        return "; if it carries a credential, every replica is told first"
    return ""


def _rows(
    loaded: Loaded, facts: Facts, evidence: Evidence, chosen: tuple[Rule, ...]
) -> Iterator[Row]:
    rules = loaded.policy.rules
    offset = len(rules) - len(loaded.settings.policy.rules) - 1
    for index, rule in enumerate(rules):
        place = _place(rule, index - offset)
        criteria = tuple(_criteria(rule, facts, evidence, default_of(loaded.settings)))
        yield Row(rule, loaded.places.line(place), criteria, rule in chosen)


def _place(rule: Rule, index: int) -> Where:
    if rule.name == LOGIN:
        return ("login", "paths")
    return ("policy", "default") if rule.name == DEFAULT else ("policy", "rules", index)


def _criteria(rule: Rule, facts: Facts, evidence: Evidence, default: Rule) -> Iterator[Criterion]:
    if rule.paths or rule.regexes:
        yield _path(rule, facts, default)
    plain = (
        ("host", rule.hosts, facts.host, Rule(rule.name, rule.effect, rule.need, hosts=rule.hosts)),
        (
            "methods",
            rule.methods,
            facts.method,
            Rule(rule.name, rule.effect, rule.need, methods=rule.methods),
        ),
        (
            "from",
            rule.networks,
            facts.client or "no address",
            Rule(rule.name, rule.effect, rule.need, networks=rule.networks),
        ),
    )
    for name, wanted, value, alone in plain:
        if wanted:
            holds = _holds(alone, facts, default)
            yield Criterion(name, holds, f"{value} {_among(holds)} {_list(wanted)}")
    yield from _person(rule, evidence)


def _path(rule: Rule, facts: Facts, default: Rule) -> Criterion:
    alone = Rule(rule.name, rule.effect, rule.need, paths=rule.paths, regexes=rule.regexes)
    holds = _holds(alone, facts, default)
    patterns = _list((*rule.paths, *rule.regexes))
    said = {"yes": "matches", "no": "does not match", "some": "matches some readings of the path"}
    return Criterion("path", holds, f"{patterns} {said[holds]}")


def _holds(alone: Rule, facts: Facts, default: Rule) -> str:
    """Tell under how many readings a rule with this criterion alone applies.

    The matcher itself is asked, so that what is explained is what is done.
    """
    routed = Policy((alone,), default).route(facts)
    hits = [candidates[0] is not default for candidates in routed]
    return "yes" if all(hits) else "some" if any(hits) else "no"


def _person(rule: Rule, evidence: Evidence) -> Iterator[Criterion]:
    identity = evidence.identity
    groups = Rule(rule.name, Effect.REQUIRE, rule.need, groups=rule.groups)
    subjects = Rule(rule.name, Effect.REQUIRE, rule.need, subjects=rule.subjects)
    if rule.groups:
        holds = "yes" if concerns(groups, identity) else "no"
        value = _list(identity.claims.groups) or "no group" if identity else "nobody"
        yield Criterion("groups", holds, f"{value} {_among(holds)} {_list(rule.groups)}")
    if rule.subjects:
        holds = "yes" if concerns(subjects, identity) else "no"
        value = identity.person.user_id if identity else "nobody"
        yield Criterion("subjects", holds, f"{value} {_among(holds)} {_list(rule.subjects)}")


def _among(holds: str) -> str:
    return "is among" if holds == "yes" else "is not among"


def _list(values: object) -> str:
    return ", ".join(sorted(map(str, values)))  # type: ignore[call-overload]
