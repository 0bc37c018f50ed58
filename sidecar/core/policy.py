"""Ordered rules, first match wins, under every reading of the path."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import takewhile

from sidecar.core.assurance import Requirement
from sidecar.core.beginnings import Beginnings
from sidecar.core.errors import MalformedRequest
from sidecar.core.globs import WILD, mark, marked_to_regex
from sidecar.core.model import Identity
from sidecar.core.paths import Reading, fold_case, is_plain, readings, spread

Network = IPv4Network | IPv6Network

_WORK_EACH = 64
"""What one wording of the patterns costs of `MOST_WORK`: at most about a thousand."""
_LOOSE_END = re.compile(r"/\*(?:/\*\*)*\Z")


class Effect(Enum):
    """What a rule does with a request that it matches."""

    BYPASS = "bypass"
    REQUIRE = "require"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy: criteria, all of which must hold, and what then is asked for."""

    name: str
    effect: Effect
    need: Requirement
    paths: tuple[str, ...] = ()
    """Globs: `*` stays inside a segment, `**` crosses; `/pay/**` and `/**/pay` match `/pay` too."""
    regexes: tuple[str, ...] = ()
    """Matched whole (`fullmatch`), never as a search."""
    hosts: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    groups: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    preflight: bool = False
    """A CORS preflight passes without a decision."""
    keep_cache: bool = False
    """The application's caching headers leave unchanged."""
    any_activity: bool = False
    """Background requests reset idleness too."""
    max_body: int | None = None
    """Bytes that a request body may have."""
    closes_live: bool = False
    """A tunnel ends once the proofs of its session no longer satisfy the rule."""
    outlasts: bool = False
    """While the database cannot be reached, proofs that were in memory before count for a while."""

    @property
    def personal(self) -> bool:
        """Whether the match depends on who asks."""
        return bool(self.groups or self.subjects)

    @property
    def conditional(self) -> bool:
        """Whether some request does not meet it."""
        asked = (self.paths, self.regexes, self.hosts, self.methods, self.networks)
        return self.personal or any(asked)


@dataclass(slots=True)
class Facts:
    """What rules may ask about a request; the query is never among it (CVE-2025-54576)."""

    method: str
    host: str
    path: str
    client: str
    preflight: bool = False


def glob_to_regex(glob: str) -> str:
    """Return the regular expression of a path glob."""
    return marked_to_regex(mark(glob))


@dataclass(frozen=True, slots=True)
class _Wording:
    """The path criteria of all rules as some reading steps leave them."""

    globs: tuple[tuple[str, ...], ...]
    has_regexes: bool
    folded: bool = False

    def after(self, step: Reading) -> "_Wording":
        return replace(
            self,
            globs=tuple(tuple(step(glob) for glob in globs) for globs in self.globs),
            folded=self.folded or (self.has_regexes and step is fold_case),
        )


def _wordings(rules: tuple[Rule, ...]) -> dict[_Wording, dict[Reading, _Wording]]:
    globs = tuple(tuple(mark(glob) for glob in rule.paths) for rule in rules)
    start = _Wording(globs, any(rule.regexes for rule in rules))
    try:
        return spread(start, _Wording.after, lambda _: _WORK_EACH)
    except MalformedRequest:
        raise ValueError("the patterns mix too many escapes, `;`, `//` and capitals") from None


def _loose_end(rule: Rule) -> bool:
    """Tell whether the rule may match `/x/` and not `/x`, though no glob of it ends in a slash.

    Its author may have meant both or either, so paths are judged with and without the difference.
    """
    return bool(rule.regexes) or any(_LOOSE_END.search(glob) for glob in rule.paths)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A rule's path criterion in one wording."""

    rule: Rule
    regexes: tuple[re.Pattern[str], ...]
    starts: frozenset[tuple[str, ...]]
    """The literal segments that a path must begin with, one alternative for each glob."""
    loose: bool
    """A path also matches that would with a slash at its end."""
    bare: bool
    """There is no criterion but path and person."""

    def matches(self, path: str) -> bool:
        if not self.regexes:
            return True
        for regex in self.regexes:
            if regex.fullmatch(path) or (self.loose and regex.fullmatch(path + "/")):
                return True
        return False


def _pattern(rule: Rule, globs: tuple[str, ...], *, folded: bool, loose: bool) -> _Pattern:
    flags = re.DOTALL | (re.IGNORECASE if folded else re.NOFLAG)
    regexes = [re.compile(text, flags) for text in rule.regexes]
    if globs:
        regexes.insert(0, re.compile("|".join(map(marked_to_regex, globs)), re.DOTALL))
    anywhere = bool(rule.regexes) or not globs
    starts = frozenset(((),)) if anywhere else frozenset(map(_start, globs))
    bare = not (rule.methods or rule.hosts or rule.networks)
    return _Pattern(rule, tuple(regexes), starts, loose and _loose_end(rule), bare)


def _start(glob: str) -> tuple[str, ...]:
    """Return the segments before the first wildcard; an empty one at the end may be missing."""
    literal = list(takewhile(lambda segment: WILD not in segment, glob[1:].split("/")))
    while literal and not literal[-1]:
        literal.pop()
    return tuple(literal)


class _Table:
    """All patterns in one wording, found by the segments that a path begins with."""

    def __init__(self, rules: tuple[Rule, ...], wording: _Wording, *, loose: bool) -> None:
        patterns = [
            _pattern(rule, globs, folded=wording.folded, loose=loose)
            for rule, globs in zip(rules, wording.globs, strict=True)
        ]
        self._patterns = Beginnings((pattern.starts, pattern) for pattern in patterns)

    def candidates(self, path: str, facts: Facts) -> tuple[Rule, ...]:
        """Return the rules that may apply to this reading."""
        found: tuple[Rule, ...] = ()
        # The default matches everything, so the loop always ends by its break.
        for pattern in self._patterns.of(path):  # pragma: no branch
            rule = pattern.rule
            if (pattern.bare or _holds(rule, facts)) and pattern.matches(path):
                found = (*found, rule)
                if not rule.personal:
                    break
        return found


def _holds(rule: Rule, facts: Facts) -> bool:
    """Tell whether every criterion but path and person holds."""
    return (
        (not rule.methods or facts.method in rule.methods)
        and (not rule.hosts or facts.host in rule.hosts)
        and (not rule.networks or _within(facts.client, rule.networks))
    )


def _within(client: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(client)
    except ValueError:
        return False
    # A socket for both families names an IPv4 peer `::ffff:192.0.2.1`.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(address in net or (mapped is not None and mapped in net) for net in networks)


def concerns(rule: Rule, identity: Identity | None) -> bool:
    """Tell whether a rule's criteria about the person hold."""
    if not rule.personal:
        return True
    if identity is None:
        return False
    return (not rule.groups or bool(rule.groups & identity.claims.groups)) and (
        not rule.subjects
        or not rule.subjects.isdisjoint({identity.person.subject, identity.person.user_id})
    )


Route = tuple[tuple[Rule, ...], ...]
"""Per reading, the rules that may apply: personal ones in order, closed by the first impersonal."""


class Policy:
    """Compiled rules; the last one is the default and matches everything."""

    def __init__(self, rules: tuple[Rule, ...], default: Rule) -> None:
        """Prepare the rules in every wording that reading steps make of their patterns.

        Raises:
            ValueError: the default has criteria, so that some request would meet no rule; or the
                patterns are written in too many odd ways at once.

        """
        if default.conditional:
            raise ValueError(f"the default rule {default.name!r} has criteria")
        self.rules = (*rules, default)
        wordings = _wordings(self.rules)
        places = {wording: place for place, wording in enumerate(wordings)}
        ends = (False, True) if any(_loose_end(rule) for rule in rules) else (False,)
        self._tables = tuple(
            tuple(_Table(self.rules, wording, loose=loose) for loose in ends)
            for wording in wordings
        )
        self._only = self._tables[0][0] if len(self._tables) == 1 and len(ends) == 1 else None
        """The one table there is, where no pattern could be read in two ways."""
        self._moves = tuple(
            {step: places[after] for step, after in moves.items()} for moves in wordings.values()
        )

    def route(self, facts: Facts) -> Route:
        """Return, for each reading of the path, the rules that may apply.

        Raises:
            MalformedRequest: the path can be read in too many ways to judge them all.

        """
        if self._only is not None and is_plain(facts.path):
            return (self._only.candidates(facts.path, facts),)
        found: list[tuple[Rule, ...]] = []
        for path, place in self._seen(facts.path):
            for table in self._tables[place]:
                rules = table.candidates(path, facts)
                if rules not in found:
                    found.append(rules)
        return tuple(found)

    def _seen(self, path: str) -> Iterable[tuple[str, int]]:
        """Return each reading with the place of the tables whose patterns were read likewise.

        An application that reads `/Admin/` as `/admin` also reads the rule's `/Admin/**` so: path
        and patterns take the same steps.
        """
        if is_plain(path):
            return [(path, place) for place in range(len(self._tables))]
        read = readings(path)
        if len(self._tables) == 1:
            return [(seen, 0) for seen in read]
        return spread(
            (path, 0),
            lambda seen, step: (read[seen[0]][step], self._moves[seen[1]][step]),
            lambda _: _WORK_EACH,
        )


def select(route: Route, identity: Identity | None) -> tuple[Rule, ...]:
    """Return the rule of each reading; the request must satisfy all of them."""
    if len(route) == 1 and len(route[0]) == 1:
        return route[0]
    found: list[Rule] = []
    for candidates in route:
        rule = next(rule for rule in candidates if concerns(rule, identity))
        if rule not in found:
            found.append(rule)
    return tuple(found)


def bypassed(route: Route) -> bool:
    """Tell whether nobody needs to be asked: every reading is a bypass, whoever it is."""
    for rules in route:
        if len(rules) != 1 or rules[0].effect is not Effect.BYPASS:
            return False
    return bool(route)
