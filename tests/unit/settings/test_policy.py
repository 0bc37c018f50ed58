"""Written rules become the policy that is enforced."""

from datetime import timedelta
from ipaddress import ip_network

from sidecar.core.model import Level
from sidecar.core.policy import Effect, Facts, bypassed, select
from tests.unit.settings import build

RULE = {
    "name": "all",
    "path": ["/a/**", "/b"],
    "regex": "/c[0-9]",
    "host": "shop.example.com",
    "methods": ["GET", "POST"],
    "from": "10.0.0.0/8",
    "groups": ["g"],
    "subjects": ["s"],
    "level": "two_factor",
    "factors": ["totp"],
    "max_age": "5m",
    "preflight": "pass",
    "cache": "keep",
    "activity": "any",
    "live": "close",
}


def test_every_word_of_a_rule_arrives() -> None:
    """A rule with every key shows where each of them goes."""
    (rule, default) = build.load(policy={"rules": [RULE]}).policy.rules
    assert (rule.name, rule.effect) == ("all", Effect.REQUIRE)
    assert (rule.paths, rule.regexes) == (("/a/**", "/b"), ("/c[0-9]",))
    assert rule.hosts == {"shop.example.com"}
    assert rule.methods == {"GET", "POST"}
    assert rule.networks == (ip_network("10.0.0.0/8"),)
    assert rule.groups == {"g"}
    assert rule.subjects == {"s"}
    assert (rule.need.level, rule.need.max_age) == (Level.TWO_FACTOR, timedelta(minutes=5))
    assert rule.need.factors == {"totp"}
    assert (rule.preflight, rule.keep_cache, rule.any_activity) == (True, True, True)
    assert rule.closes_live
    assert (default.name, default.effect, default.need.level) == (
        "default",
        Effect.REQUIRE,
        Level.TWO_FACTOR,
    )


def test_what_is_not_written_is_off() -> None:
    """A rule with the least shows that nothing is opened by leaving something out."""
    rule = build.load(policy={"rules": [{"name": "x", "level": "deny"}]}).policy.rules[0]
    assert (rule.preflight, rule.keep_cache, rule.any_activity) == (False, False, False)
    assert not rule.closes_live
    assert rule.effect is Effect.DENY


def test_outages_are_borne_where_that_is_said_and_possible() -> None:
    """Rules show what they say, else what the policy says; and never where a fresh or a phishing
    resistant proof is asked, or nothing.
    """
    rules = [
        {"name": "says", "path": "/a", "level": "two_factor", "on_outage": "allow_if_proven"},
        {"name": "denies", "path": "/b", "level": "two_factor", "on_outage": "deny"},
        {"name": "silent", "path": "/c", "level": "one_factor"},
        {"name": "fresh", "path": "/d", "level": "two_factor", "max_age": "5m"},
        {"name": "strong", "path": "/e", "level": "phishing_resistant"},
        {"name": "open", "path": "/f", "level": "bypass"},
        {"name": "never", "path": "/g", "level": "deny"},
    ]
    named = {"says"}
    for said, expected in (
        ({}, named),
        ({"on_outage": "allow_if_proven"}, named | {"silent", "default"}),
        ({"on_outage": "allow_if_proven", "default": "deny"}, named | {"silent"}),
    ):
        factors = {"webauthn": {"rp_id": "shop.example.com", "rp_name": "Shop"}}
        policy = build.load(factors=factors, policy={"rules": rules, **said}).policy
        assert {rule.name for rule in policy.rules if rule.outlasts} == expected


def test_login_paths_come_first_and_are_open() -> None:
    """Login paths show that no rule can close them and that they match like any glob."""
    loaded = build.load(
        login={"paths": ["/login", "/static/**"]},
        policy={"default": "deny", "rules": [{"name": "x", "path": "/**", "level": "one_factor"}]},
    )
    assert [rule.name for rule in loaded.policy.rules] == ["login", "x", "default"]

    def route(path: str) -> bool:
        return bypassed(loaded.policy.route(Facts("GET", "shop.example.com", path, "")))

    assert [route(path) for path in ("/login", "/static/a/b", "/loginx", "/")] == [
        True,
        True,
        False,
        False,
    ]


def test_levels_are_what_they_say() -> None:
    """Each level shows its effect and its strength."""
    levels = ("bypass", "one_factor", "two_factor", "deny")
    rules = [{"name": f"r{n}", "path": f"/{n}", "level": word} for n, word in enumerate(levels)]
    policy = build.load(policy={"rules": rules}).policy
    assert [rule.effect for rule in policy.rules] == [
        Effect.BYPASS,
        Effect.REQUIRE,
        Effect.REQUIRE,
        Effect.DENY,
        Effect.REQUIRE,
    ]
    (chosen,) = select(policy.route(Facts("GET", "x", "/1", "")), None)
    assert chosen.need.level is Level.ONE_FACTOR
