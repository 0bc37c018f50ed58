"""The form of a rule."""

import pytest

from tests.unit.settings import build


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"level": "deny"}, "policy.rules[0].name: is required"),
        ({"name": "A b", "level": "deny"}, "policy.rules[0].name: must match"),
        ({"name": "x"}, "policy.rules[0].level: is required"),
        ({"name": "x", "level": "two-factor"}, "(did you mean 'two_factor'?)"),
        ({"name": "x", "level": "deny", "methods": "get"}, "a method is written in upper case"),
        ({"name": "x", "level": "deny", "methods": "GE T"}, "a method is written in upper case"),
        ({"name": "x", "level": "deny", "from": "10.0.0.1/8"}, "has host bits set"),
        ({"name": "x", "level": "deny", "networks": "10.0.0.0/8"}, "unknown key 'networks'"),
        ({"name": "x", "level": "deny", "regex": "("}, "the expression does not compile"),
        ({"name": "x", "level": "deny", "path": "x"}, "a path starts with /"),
        ({"name": "x", "level": "deny", "preflight": True}, "one of pass is expected here"),
        ({"name": "x", "level": "deny", "cache": "drop"}, "one of keep is expected here"),
        ({"name": "x", "level": "deny", "activity": "all"}, "one of any is expected here"),
        ({"name": "x", "level": "deny", "max_age": 300}, "a duration is written"),
        ({"name": "x", "level": "deny", "groups": 5}, "a list is expected here"),
        ({"name": "x", "level": "deny", "path": [5]}, "text is expected here"),
    ],
)
def test_every_key_has_one_form(rule: dict[str, object], said: str) -> None:
    """Keys in another form show what is expected, at the rule's own place."""
    found = build.rules(rule)
    assert any(line.startswith("policy.rules[0]") and said in line for line in found), found
