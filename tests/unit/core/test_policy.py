"""Ordered rules under every reading of the path."""

import time
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.assurance import Requirement
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import Claims, Identity, Level, Person
from sidecar.core.policy import Effect, Facts, Policy, Rule, bypassed, concerns, select

NEED = Requirement(Level.TWO_FACTOR)
DEFAULT = Rule("default", Effect.REQUIRE, NEED)
HOST = "shop.example.com"


def facts(
    path: str = "/", method: str = "GET", host: str = HOST, client: str = "10.1.2.3"
) -> Facts:
    return Facts(method, host, path, client)


def ask(rules: tuple[Rule, ...], request: Facts, who: Identity | None = None) -> list[str]:
    """Return the names of the rules that the request must satisfy."""
    return [rule.name for rule in select(Policy(rules, DEFAULT).route(request), who)]


def person(subject: str = "ann", *groups: str, realm: str = "shop") -> Identity:
    return Identity(Person(realm, subject), "app", Claims(groups=frozenset(groups)))


BYPASS = Effect.BYPASS


def test_first_match_wins() -> None:
    """Overlapping rules show that the order of the file decides, and the default comes last."""
    wide = Rule("wide", BYPASS, NEED, paths=("/a/**",))
    narrow = Rule("narrow", Effect.DENY, NEED, paths=("/a/b",))
    assert ask((wide, narrow), facts("/a/b")) == ["wide"]
    assert ask((narrow, wide), facts("/a/b")) == ["narrow"]
    assert ask((narrow, wide), facts("/a/c")) == ["wide"]
    assert ask((narrow, wide), facts("/c")) == ["default"]


@pytest.mark.parametrize(
    ("rule", "hit", "misses"),
    [
        (
            Rule("r", BYPASS, NEED, methods=frozenset({"GET"})),
            facts(),
            [facts(method="HEAD"), facts(method="POST"), facts(method="get"), facts(method="")],
        ),
        (
            Rule("r", BYPASS, NEED, hosts=frozenset({HOST})),
            facts(),
            [facts(host="a.shop.example.com"), facts(host=""), facts(host="shop.example.com.evil")],
        ),
        (
            Rule("r", BYPASS, NEED, networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8"))),
            facts(),
            [facts(client=name) for name in ("11.0.0.1", "", "unix:", "10.1.2.3:80", "fe80::1")],
        ),
        (
            Rule("r", BYPASS, NEED, networks=(ip_network("fd00::/8"),)),
            facts(client="fd12::1%eth0"),
            [facts(client="::ffff:253.0.0.1"), facts(client="fc00::1")],
        ),
        (
            Rule("r", BYPASS, NEED, networks=(ip_network("10.0.0.0/8"),)),
            facts(client="::ffff:10.9.9.9"),
            [facts(client="::ffff:11.9.9.9"), facts(client="::10.9.9.9")],
        ),
        (
            Rule("r", BYPASS, NEED, paths=("/x", "/y/*"), regexes=(r"/z\d",)),
            facts("/y/1"),
            [facts("/xx"), facts("/y/1/2"), facts("/z1/"), facts("/z")],
        ),
        (
            Rule("r", BYPASS, NEED, paths=("/x",), methods=frozenset({"GET"})),
            facts("/x"),
            [facts("/x", method="POST"), facts("/y")],
        ),
    ],
)
def test_every_criterion_must_hold(rule: Rule, hit: Facts, misses: list[Facts]) -> None:
    """THREATS 13, 22: method, host, network and path show that all must hold, exactly, and that an
    address which is none is in no network.
    """
    assert ask((rule,), hit) == ["r"]
    assert bypassed(Policy((rule,), DEFAULT).route(hit))
    for miss in misses:
        assert "default" in ask((rule,), miss)
        assert not bypassed(Policy((rule,), DEFAULT).route(miss))


def test_networks_see_mapped_addresses() -> None:
    """A denied network shows that its members stay denied when the socket maps them to IPv6."""
    rule = Rule("denied", Effect.DENY, NEED, networks=(ip_network("203.0.113.0/24"),))
    assert ask((rule,), facts(client="::ffff:203.0.113.7")) == ["denied"]


@pytest.mark.conforms("ASVS-6.8.1")
def test_personal_rules_concern_their_people() -> None:
    """Groups and subjects show that a rule with both needs both, and nobody is in no group."""
    rule = Rule("r", BYPASS, NEED, groups=frozenset({"admins"}), subjects=frozenset({"ann"}))
    assert rule.personal
    assert concerns(rule, person("ann", "admins", "staff"))
    assert not concerns(rule, person("ann", "staff"))
    assert not concerns(rule, person("bob", "admins"))
    assert not concerns(rule, None)
    assert concerns(DEFAULT, None)
    one = Rule("one", BYPASS, NEED, subjects=frozenset({"shop:ann"}))
    assert concerns(one, person("ann"))
    assert not concerns(one, person("ann", realm="partners"))


def test_a_bypass_for_some_asks_who_it_is() -> None:
    """A personal bypass shows that nobody passes unasked, and that others meet the next rule."""
    rule = Rule("team", BYPASS, NEED, paths=("/a",), groups=frozenset({"team"}))
    route = Policy((rule,), DEFAULT).route(facts("/a"))
    assert route == ((rule, DEFAULT),)
    assert not bypassed(route)
    assert select(route, person("ann", "team")) == (rule,)
    assert select(route, person("bob")) == select(route, None) == (DEFAULT,)


def test_all_readings_must_be_bypassed() -> None:
    """A path that is open under one reading and not under another shows that both rules bind."""
    rule = Rule("open", BYPASS, NEED, paths=("/open/**",))
    policy = Policy((rule,), DEFAULT)
    route = policy.route(facts("/open%2fx"))
    assert set(select(route, None)) == {rule, DEFAULT}
    assert not bypassed(route)
    assert not bypassed(())


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("/API/**", ["/API", "/API/x", "/API/Xy"], ["/api/x", "/Api/x", "/API2"]),
        ("/docs/", ["/docs/"], ["/docs", "/docs//", "/docs/x"]),
        ("/docs/*", ["/docs/x"], ["/docs", "/docs/", "/docs/x/"]),
        ("/a%20b", ["/a%20b"], ["/a%2520b", "/a", "/%61%20b"]),
        ("/a;v=1/b", ["/a;v=1/b"], ["/a/b", "/a;v=2/b"]),
        ("/caf%C3%A9/**", ["/caf%C3%A9/x"], ["/caf%c3%a9/x", "/caf%E9/x"]),
        ("/%2a", ["/%2a"], ["/x", "/%41", "/*"]),
    ],
)
def test_odd_patterns_stay_reachable(pattern: str, hits: list[str], misses: list[str]) -> None:
    """A bypass written with capitals, a slash at its end or escapes shows that it opens just what
    it says: it is read like the path is.
    """
    policy = Policy((Rule("odd", BYPASS, NEED, paths=(pattern,)),), DEFAULT)
    assert {path for path in [*hits, *misses] if bypassed(policy.route(facts(path)))} == set(hits)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("/Admin/", ["/admin", "/admin/", "/ADMIN//", "/Admin"]),
        ("/admin/*", ["/admin", "/admin/", "/admin/x/"]),
        ("/admin/*/**", ["/admin", "/admin/x/y"]),
        ("/a%20b", ["/a%20b", "/%61%20B/"]),
        ("/a;v=1/b", ["/a/b", "/a;v=2/b"]),
        ("/a//b", ["/a/b", "/a///b"]),
        ("/x/../admin", ["/admin"]),
        ("/caf\xe9", ["/caf%C3%A9", "/CAF%c3%89"]),
    ],
)
def test_odd_patterns_guard_what_they_mean(pattern: str, paths: list[str]) -> None:
    """A guarding rule written in an odd way shows that plain spellings do not go past it."""
    guard = Rule("guard", Effect.DENY, NEED, paths=(pattern,))
    rest = Rule("rest", BYPASS, NEED, paths=("/**",))
    for path in paths:
        assert "guard" in ask((guard, rest), facts(path))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/a/**", "/b", "/*/b", "/**/b", "/a/*", "/**"]),
            st.sampled_from([frozenset(), frozenset({"GET"}), frozenset({"POST"})]),
            st.sampled_from([frozenset(), frozenset({"g"}), frozenset({"h"})]),
            st.sampled_from(list(Effect)),
        ),
        max_size=5,
    ),
    st.sampled_from(["/", "/a", "/b", "/a/b", "/c/b", "/c/d/b"]),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from([None, person("ann"), person("ann", "g"), person("ann", "g", "h")]),
)
def test_selection_is_the_first_rule_that_fits(
    parts: list[tuple[str, frozenset[str], frozenset[str], Effect]],
    path: str,
    method: str,
    who: Identity | None,
) -> None:
    """Any rules and request with one reading show that the rule is the first all of whose criteria
    hold, and that only an impersonal bypass passes unasked.
    """
    rules = tuple(
        Rule(f"r{at}", effect, NEED, paths=(glob,), methods=methods, groups=groups)
        for at, (glob, methods, groups, effect) in enumerate(parts)
    )
    hits = {
        "/a/**": {"/a", "/a/b"},
        "/b": {"/b"},
        "/*/b": {"/a/b", "/c/b"},
        "/**/b": {"/b", "/a/b", "/c/b", "/c/d/b"},
        "/a/*": {"/a/b", "/a"},
        "/**": {"/", "/a", "/b", "/a/b", "/c/b", "/c/d/b"},
    }

    def fits(rule: Rule, *, strict: bool) -> bool:
        exact = path in hits[rule.paths[0]] and not (
            strict and (rule.paths[0], path) == ("/a/*", "/a")
        )
        groups = who.claims.groups if who else frozenset()
        return (
            exact
            and (not rule.methods or method in rule.methods)
            and (not rule.groups or bool(rule.groups & groups))
        )

    chosen = select(Policy(rules, DEFAULT).route(facts(path, method)), who)
    expected = {
        next((rule for rule in rules if fits(rule, strict=strict)), DEFAULT)
        for strict in (True, *([False] if any(rule.paths == ("/a/*",) for rule in rules) else []))
    }
    assert set(chosen) == expected


@pytest.mark.parametrize(
    "default",
    [
        Rule("d", Effect.REQUIRE, NEED, paths=("/a",)),
        Rule("d", Effect.REQUIRE, NEED, regexes=("/a",)),
        Rule("d", Effect.REQUIRE, NEED, hosts=frozenset({HOST})),
        Rule("d", Effect.REQUIRE, NEED, methods=frozenset({"GET"})),
        Rule("d", Effect.REQUIRE, NEED, networks=(ip_network("10.0.0.0/8"),)),
        Rule("d", Effect.REQUIRE, NEED, groups=frozenset({"g"})),
        Rule("d", Effect.REQUIRE, NEED, subjects=frozenset({"s"})),
    ],
)
def test_the_default_is_for_everything(default: Rule) -> None:
    """A default with any criterion shows that the policy is refused at start: no request may meet
    no rule.
    """
    with pytest.raises(ValueError, match="has criteria"):
        Policy((), default)


def test_patterns_that_nobody_can_mean_are_refused() -> None:
    """Patterns with every oddity at once show a refusal at start instead of endless preparation."""
    odd = Rule(
        "odd", Effect.DENY, NEED, paths=("/A;/%2f..%5c.%2fB//;x/./%3b%23%41/%252f%255c%253b/",)
    )
    with pytest.raises(ValueError, match="mix too many"):
        Policy((odd,), DEFAULT)


def test_paths_with_too_many_readings_are_refused() -> None:
    """A path that mixes everything shows a refusal, never a judgement of some of its readings."""
    with pytest.raises(MalformedRequest):
        Policy((), DEFAULT).route(facts("/A;/%2f..%5c.%2fB//;x/./%3b%23%41/%252f%255c%253b%2523/"))


def test_routing_is_cheap() -> None:
    """Twenty rules and a plain path show that routing stays in microseconds (bound generous)."""
    rules = tuple(Rule(f"r{at}", BYPASS, NEED, paths=(f"/area{at}/**",)) for at in range(20))
    policy, request = Policy(rules, DEFAULT), facts("/area7/x/y")
    before = time.process_time()
    for _ in range(1000):
        policy.route(request)
    assert time.process_time() - before < 0.5
