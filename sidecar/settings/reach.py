"""Which rules can never match, because earlier ones take everything that they would."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sidecar.core.policy import Network, Rule

ANYWHERE: Final = "/**"
MAX_STATES: Final = 20_000
"""Beyond this nothing is claimed; globs that people write need a few hundred."""
_OTHER: Final = "\x00"
"""Stands for every character that neither pattern names."""
_PARTS: Final = re.compile(r"(?<=/)\*\*/|\*{2,}|.", re.DOTALL)
_MAYBE: Final = "maybe"
"""The next two parts, or nothing: `/**/` is one slash, or any folders between two."""


@dataclass(frozen=True, slots=True)
class _Glob:
    """A path glob as an automaton: state n means that n parts are behind us."""

    parts: tuple[str, ...]

    def start(self) -> frozenset[int]:
        return self._rest({0})

    def after(self, states: frozenset[int], char: str) -> frozenset[int]:
        found: set[int] = set()
        for state in states - {len(self.parts)}:
            part = self.parts[state]
            if part == "**" or (part == "*" and char != "/"):
                found.add(state)
            elif part == char:
                found.add(state + 1)
        return self._rest(found)

    def accepts(self, states: frozenset[int]) -> bool:
        return len(self.parts) in states

    def _rest(self, states: set[int]) -> frozenset[int]:
        """Return the states with those that a wildcard for nothing leads to."""
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            part = self.parts[state] if state < len(self.parts) else ""
            leads = {"*": {state + 1}, "**": {state + 1}, _MAYBE: {state + 1, state + 3}}
            fresh = leads.get(part, set()) - states
            states |= fresh
            waiting.extend(fresh)
        return frozenset(states)


def _parse(glob: str) -> _Glob:
    """Return the automaton of a glob; `sidecar.core.globs` says what its wildcards mean."""
    tree = glob.endswith("/**")
    parts: list[str] = []
    for part in _PARTS.findall(glob[:-3] if tree else glob):
        if part == "**/":
            parts += (_MAYBE, "**", "/")
        else:
            parts.append("**" if part.startswith("**") else part)
    return _Glob((*parts, _MAYBE, "/", "**") if tree else tuple(parts))


def uncovered(outer: tuple[str, ...], inner: str) -> str | None:
    """Return a path that the inner glob matches and none of the outer ones; None: there is none.

    The automata run side by side over the characters that any of them names; the shortest way to
    where only the inner one accepts is the example.
    """
    inside, around = _parse(inner), tuple(_parse(glob) for glob in outer)
    alphabet = sorted({"/", _OTHER, *"".join((inner, *outer)).replace("*", "")})
    first = (inside.start(), tuple(glob.start() for glob in around))
    seen, waiting = {first}, deque([(first, "")])
    while waiting and len(seen) <= MAX_STATES:
        (states, others), path = waiting.popleft()
        taken = any(glob.accepts(at) for glob, at in zip(around, others, strict=True))
        if inside.accepts(states) and not taken:
            return path
        for char in alphabet:
            moved = tuple(glob.after(at, char) for glob, at in zip(around, others, strict=True))
            step = (inside.after(states, char), moved)
            if step[0] and step not in seen:
                seen.add(step)
                waiting.append((step, path + char))
    return _OTHER if waiting else None


def covers(outer: tuple[str, ...], inner: str) -> bool:
    """Tell whether every path that the inner glob matches is matched by one of the outer ones."""
    return uncovered(outer, inner) is None


def unreachable(rules: tuple[Rule, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield each rule that can never match, with the earlier rules that take its requests."""
    for index, rule in enumerate(rules):
        wider = [at for at in range(index) if _wider(rules[at], rule)]
        alone = next((at for at in wider if _paths_taken((rules[at],), rule)), None)
        if alone is not None:
            yield index, (alone,)
        elif len(wider) > 1 and _paths_taken(tuple(rules[at] for at in wider), rule):
            yield index, tuple(wider)


def _paths_taken(earlier: tuple[Rule, ...], rule: Rule) -> bool:
    if any(not other.paths and not other.regexes for other in earlier):
        return True
    globs = tuple(glob for other in earlier for glob in other.paths)
    regexes = {regex for other in earlier for regex in other.regexes}
    wanted = rule.paths or (() if rule.regexes else (ANYWHERE,))
    if not all(regex in regexes or covers(globs, ANYWHERE) for regex in rule.regexes):
        return False
    return all(covers(globs, glob) for glob in wanted)


def _wider(earlier: Rule, later: Rule) -> bool:
    """Tell whether every criterion but the path holds for the earlier rule whenever it does."""
    pairs = (
        (earlier.methods, later.methods),
        (earlier.hosts, later.hosts),
        (earlier.groups, later.groups),
        (earlier.subjects, later.subjects),
    )
    if not all(not wide or (narrow and narrow <= wide) for wide, narrow in pairs):
        return False
    if not earlier.networks:
        return True
    return bool(later.networks) and all(
        any(_inside(net, wide) for wide in earlier.networks) for net in later.networks
    )


def _inside(net: Network, wide: Network) -> bool:
    if net.version != wide.version:
        return False
    return int(wide.network_address) <= int(net.network_address) and int(
        net.broadcast_address
    ) <= int(wide.broadcast_address)
