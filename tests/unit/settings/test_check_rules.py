"""What rules must say to mean what their author wants."""

import pytest

from tests.unit.settings import build

PAY = {"name": "pay", "path": "/pay/**", "level": "two_factor"}


def test_good_rules_are_left_alone() -> None:
    """Rules of every kind show that nothing is said about them."""
    assert (
        build.rules(
            {"name": "health", "path": ["/healthz", "/readyz"], "level": "bypass"},
            {"name": "order", "regex": "/order/[0-9]+", "level": "one_factor"},
            {**PAY, "factors": "totp", "max_age": "5m", "methods": ["GET", "M-SEARCH"]},
            {"name": "admin", "path": "/admin/**", "groups": "admins", "level": "two_factor"},
            {"name": "rest", "path": "/admin/**", "level": "deny"},
            {"name": "ada", "subjects": ["app:7"], "from": "10.0.0.0/8", "level": "one_factor"},
        )
        == []
    )


def test_names_are_unique_and_ours_are_kept() -> None:
    """Repeated and reserved names show that logs would not tell the rules apart."""
    assert build.rules(PAY, {**PAY, "path": "/x"}) == [
        "policy.rules[1].name: another rule is called 'pay'"
    ]
    for name in ("login", "default"):
        assert build.rules({**PAY, "name": name}) == [
            f"policy.rules[0].name: {name!r} is the sidecar's own rule"
        ]


def test_factors_are_configured() -> None:
    """Unknown factors show that they are told, without blaming the rule for being too strict."""
    assert build.rules({**PAY, "factors": ["backup_code", "webauthn"]}) == [
        (
            "policy.rules[0].factors[0]: no factor is called 'backup_code' "
            "(did you mean 'backup_codes'?)"
        ),
        "policy.rules[0].factors[1]: no factor is called 'webauthn' (there is backup_codes, totp)",
    ]


def test_somebody_can_satisfy_each_rule() -> None:
    """Demands above every configured factor show that they would lock everybody out."""
    strong = {**PAY, "level": "phishing_resistant"}
    assert build.rules(strong) == [
        "policy.rules[0]: no configured factor can satisfy it (phishing_resistant)"
    ]
    assert build.rules(default="phishing_resistant") == [
        "policy.default: no configured factor can satisfy it (phishing_resistant)"
    ]
    assert build.rules({**PAY, "factors": "backup_codes"}) == [
        "policy.rules[0]: no configured factor can satisfy it (two_factor)"
    ]
    assert build.rules({**strong, "level": "deny"}, {"name": "a", "level": "one_factor"}) == []


def test_a_bypass_depends_on_nobody() -> None:
    """Bypasses for groups and subjects, or with an age, show that they mean nothing."""
    bypass = {**PAY, "level": "bypass"}
    assert build.rules({**bypass, "groups": "g", "subjects": "s"}) == [
        "policy.rules[0].groups: a bypass asks nobody, so it cannot tell groups",
        "policy.rules[0].subjects: a bypass asks nobody, so it cannot tell subjects",
    ]
    assert build.rules({**bypass, "factors": "totp", "max_age": "5m"}) == [
        "policy.rules[0].factors: means nothing with level bypass",
        "policy.rules[0].max_age: means nothing with level bypass",
    ]
    assert build.rules({**PAY, "level": "deny", "max_age": "5m"}) == [
        "policy.rules[0].max_age: means nothing with level deny"
    ]


def test_what_closes_nothing_is_told() -> None:
    """`live: close` where nothing can grow too old shows a warning, elsewhere none."""
    live = {**PAY, "live": "close"}
    assert build.rules({**live, "max_age": "5m"}) == []
    for level in ("bypass", "two_factor", "deny"):
        (told,) = build.rules({**live, "level": level})
        assert told.startswith("warning: policy.rules[0].live: closes nothing without max_age")
    (told,) = build.rules({**live, "level": "bypass", "max_age": "5m"})
    assert told == "policy.rules[0].max_age: means nothing with level bypass"


def test_what_bears_no_outage_is_told() -> None:
    """`allow_if_proven` where it can allow nothing shows a warning, elsewhere none."""
    bearing = {**PAY, "on_outage": "allow_if_proven"}
    assert build.rules(bearing) == []
    assert build.rules({**PAY, "level": "bypass", "on_outage": "deny"}) == []
    for more in ({"max_age": "5m"}, {"level": "bypass"}, {"level": "deny"}):
        (told,) = build.rules({**bearing, **more})
        assert told.startswith("warning: policy.rules[0].on_outage: has no effect here")
    (told,) = build.faults(policy={"on_outage": "allow_if_proven", "default": "deny"})
    assert told.startswith("warning: policy.on_outage: has no effect: no rule is left to it")
    assert build.faults(policy={"on_outage": "allow_if_proven"}) == []


def test_wide_bypasses_are_told() -> None:
    """Bypasses that open more than a path show a warning, one that opens everything a fault."""
    assert build.rules({"name": "all", "level": "bypass"}) == [
        "policy.rules[0]: a bypass without path opens every path"
    ]
    assert build.rules({"name": "net", "from": "10.0.0.0/8", "level": "bypass"}) == [
        "warning: policy.rules[0]: a bypass without path opens every path"
    ]


@pytest.mark.parametrize("regex", ["/files/.*", "/a[^b]*", r"/a\S+", r"/a\D", "/a.b"])
def test_expressions_that_cross_slashes_are_told(regex: str) -> None:
    """Bypass expressions that match a slash unseen show a warning."""
    (told,) = build.rules({"name": "x", "regex": regex, "level": "bypass"})
    assert told.startswith("warning: policy.rules[0].regex[0]: matches across slashes")


@pytest.mark.parametrize("regex", ["/files/[^/]*", r"/a\.b", "/a[.]b", r"/\d+", "/[]./]x"])
def test_expressions_that_stay_in_a_segment_are_not_told(regex: str) -> None:
    """Bypass expressions without anything wild show no warning."""
    assert build.rules({"name": "x", "regex": regex, "level": "bypass"}) == []


@pytest.mark.parametrize(
    ("regex", "told"), [("/(a+)+", 1), ("/([ab]*x)*", 1), (r"/(\d+/){2}", 1), ("/(a|b)+/[+*]+", 0)]
)
def test_repeated_repetitions_are_told(regex: str, told: int) -> None:
    """Expressions that can take exponential time show a warning."""
    found = build.rules({"name": "x", "regex": regex, "level": "deny"})
    assert sum("repeats a repetition" in line for line in found) == told


def test_hosts_are_public() -> None:
    """A host by which no request can arrive shows that its rule is a mistake."""
    assert build.rules({**PAY, "host": "shop.exmaple.com"}) == [
        (
            "policy.rules[0].host[0]: shop.exmaple.com is no host of `public` "
            "(did you mean 'shop.example.com'?)"
        )
    ]


def test_paths_can_arrive() -> None:
    """Patterns under our prefix, or of refused kinds, show that they never match."""
    assert build.rules({**PAY, "path": ["/_sidecar/x", "/a/../b", "/a%5Cb"]}) == [
        "policy.rules[0].path[0]: lies under /_sidecar/, which the sidecar answers itself",
        "policy.rules[0].path[1]: never matches: paths with dot_segment are refused",
        "policy.rules[0].path[2]: never matches: paths with backslash are refused",
    ]


def test_no_rule_hides_behind_others() -> None:
    """Rules behind wider ones, or behind the login paths, show who takes their requests."""
    assert build.rules(PAY, {**PAY, "name": "card", "path": "/pay/card"}) == [
        "policy.rules[1]: is never reached: rule 'pay' above takes all its requests"
    ]
    login = {"paths": ["/static/**"]}
    rules = [{**PAY, "path": "/static/secret"}]
    assert build.faults(login=login, policy={"rules": rules}) == [
        "policy.rules[0]: is never reached: login.paths above takes all its requests"
    ]


def test_patterns_that_cannot_be_compiled_together_are_a_fault() -> None:
    """Patterns in too many odd spellings at once show a fault instead of a slow start."""
    kinds = ("dot_segment", "double_encoding", "backslash")
    shop = {"url": "http://127.0.0.1:1", "paths": dict.fromkeys(kinds, "read")}
    odd = ["/A;b//c/%41/%2541/./x/..", "/Q%5cr//;z/%253b/", "/%2F%252f;a/../B//"]
    rules = [{"name": f"r{n}", "path": path, "level": "deny"} for n, path in enumerate(odd)]
    (told,) = build.faults(upstreams={"shop": shop}, policy={"rules": rules})
    assert told.startswith("policy.rules: the patterns mix too many")
