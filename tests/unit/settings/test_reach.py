"""Rules that can never match."""

import re
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.assurance import Requirement
from sidecar.core.globs import mark, marked_to_regex
from sidecar.core.model import Level
from sidecar.core.policy import Effect, Rule
from sidecar.settings.reach import covers, uncovered, unreachable

GLOBS = st.lists(
    st.sampled_from(["/", "a", "b", "*", "**", "/**/", "/*/", "/a", "/**"]), min_size=1, max_size=5
).map(lambda parts: "/" + re.sub(r"\*{3,}", "**", "".join(parts)))


def matches(glob: str, path: str) -> bool:
    return re.fullmatch(marked_to_regex(mark(glob)), path, re.DOTALL) is not None


def rule(
    *paths: str, regexes: tuple[str, ...] = (), networks: tuple[str, ...] = (), **criteria: str
) -> Rule:
    """A rule; criteria are written as words with spaces between."""
    sets = {key: frozenset(value.split()) for key, value in criteria.items()}
    return Rule(
        "x",
        Effect.REQUIRE,
        Requirement(Level.TWO_FACTOR),
        paths=paths,
        regexes=regexes,
        networks=tuple(ip_network(net) for net in networks),
        hosts=sets.get("hosts", frozenset()),
        methods=sets.get("methods", frozenset()),
        groups=sets.get("groups", frozenset()),
        subjects=sets.get("subjects", frozenset()),
    )


@given(st.lists(GLOBS, min_size=1, max_size=3), GLOBS)
def test_an_uncovered_path_is_a_proof(outer: list[str], inner: str) -> None:
    """Any globs show that the example which is given matches the inner one and no outer one."""
    example = uncovered(tuple(outer), inner)
    if example is not None:
        assert matches(inner, example)
        assert not any(matches(glob, example) for glob in outer)


@given(
    st.lists(GLOBS, min_size=1, max_size=3),
    GLOBS,
    st.lists(st.sampled_from(["/", "a", "b", "c"]), max_size=8).map("".join),
)
def test_what_is_covered_is_matched(outer: list[str], inner: str, path: str) -> None:
    """Any path shows that where a glob is covered, an outer one matches whatever it matches."""
    if covers(tuple(outer), inner) and matches(inner, path):
        assert any(matches(glob, path) for glob in outer)


@pytest.mark.parametrize(
    ("outer", "inner", "answer"),
    [
        (("/pay/**",), "/pay", True),
        (("/pay/**",), "/pay/x/*", True),
        (("/pay/*",), "/pay/**", False),
        (("/**",), "/a", True),
        (("/*", "/*/**"), "/a/b", True),
        (("/a", "/b"), "/a", True),
        (("/a*",), "/ab", True),
        (("/a*",), "/a/b", False),
        (("/**/edit",), "/edit", True),
        (("/**/edit",), "/a/b/edit", True),
        (("/A/**",), "/a/x", False),
        ((), "/a", False),
        (("/*/a", "/*/b"), "/*/*", False),
    ],
)
def test_coverage_of_globs_people_write(outer: tuple[str, ...], inner: str, answer: object) -> None:
    """Usual patterns show when one takes all of another."""
    assert covers(outer, inner) is answer


@pytest.mark.parametrize(
    ("rules", "takers"),
    [
        ((rule("/a/**"), rule("/a/b")), (0,)),
        ((rule(), rule("/a", methods="GET")), (0,)),
        ((rule("/a"), rule("/b"), rule("/a", "/b")), (0, 1)),
        ((rule("/a/**", methods="GET POST"), rule("/a", methods="GET")), (0,)),
        ((rule("/a", networks=("10.0.0.0/8",)), rule("/a", networks=("10.1.0.0/16",))), (0,)),
        ((rule("/a", hosts="x"), rule("/a", hosts="x")), (0,)),
        ((rule("/a", groups="g h"), rule("/a", groups="g")), (0,)),
        ((rule(regexes=("/x.*",)), rule(regexes=("/x.*",))), (0,)),
        ((rule("/**"), rule(regexes=("/x.*",))), (0,)),
        ((rule("/**"), rule(methods="GET")), (0,)),
    ],
)
def test_rules_behind_wider_ones_are_found(rules: tuple[Rule, ...], takers: object) -> None:
    """A later rule inside earlier ones shows that it is found, with those that take its place."""
    assert list(unreachable(rules)) == [(len(rules) - 1, takers)]


@pytest.mark.parametrize(
    "rules",
    [
        (rule("/a/b"), rule("/a/**")),
        (rule("/a", methods="GET"), rule("/a")),
        (rule("/a", hosts="x"), rule("/a", hosts="x y")),
        (rule("/a", groups="g"), rule("/a")),
        (rule("/a", subjects="s"), rule("/a", groups="g")),
        (rule("/a", networks=("10.0.0.0/8",)), rule("/a", networks=("10.0.0.0/8", "::/0"))),
        (rule("/a", networks=("10.0.0.0/8",)), rule("/a")),
        (rule(regexes=("/a",)), rule("/a")),
        (rule("/a/**"), rule(regexes=("/a/x",))),
        (rule("/a", methods="GET"), rule("/a", methods="POST"), rule("/a", methods="GET POST")),
    ],
)
def test_rules_that_still_match_something_are_left_alone(rules: tuple[Rule, ...]) -> None:
    """A later rule with requests of its own shows that nothing is said against it."""
    assert list(unreachable(rules)) == []


def test_long_patterns_are_judged_or_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns of many wildcards show that the search is bounded, and then claims nothing."""
    assert covers(("/" + "*a" * 40,), "/" + "*b*a" * 40)
    assert not covers(("/" + "*b*a" * 40,), "/" + "*a" * 40)
    monkeypatch.setattr("sidecar.settings.reach.MAX_STATES", 3)
    assert not covers(("/pay/**",), "/pay/x/y")
