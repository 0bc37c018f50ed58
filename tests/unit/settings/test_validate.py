"""Faults of form in our own words."""

import pytest

from sidecar.settings.validate import validate
from tests.unit.settings import build

DATA = {**build.RIGHT}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"polcy": {}}, "polcy: unknown key 'polcy' (did you mean 'policy'?)"),
        ({"session": {"idel": "5m"}}, "session.idel: unknown key 'idel' (did you mean 'idle'?)"),
        (
            {"session": {"qqq": 1}},
            "session.qqq: unknown key 'qqq' (there is idle, lifetime, store)",
        ),
        ({"insecure_http": "yes"}, "insecure_http: true or false is expected here"),
        ({"insecure_http": 1}, "insecure_http: true or false is expected here"),
        ({"insecure_http": "false"}, "insecure_http: true or false is expected here"),
        ({"public": []}, "public: must not be empty"),
        ({"public": {}}, "public: a list is expected here"),
        ({"listen": {"tls": []}}, "listen.tls: a mapping is expected here"),
        ({"listen": {"tls": {"cart": "x", "key": "y"}}}, "did you mean 'cert'?"),
        ({"upstreams": "http://127.0.0.1:1"}, "upstreams: a mapping is expected here"),
        ({"pages": {"name": ""}}, "pages.name: must not be empty"),
        ({"pages": {"name": 5}}, "pages.name: text is expected here"),
        ({"factors": {"TOTP": {}}}, "factors.TOTP: must match ^[a-z][a-z0-9_]{0,31}$"),
        ({"unidentified": "redirct"}, "(did you mean 'redirect'?)"),
        ({"login": None, "logging": {"level": "warn"}}, "(did you mean 'warning'?)"),
    ],
)
def test_faults_are_told_in_plain_words(sections: dict[str, object], said: str) -> None:
    """Each kind of wrong value shows one line that says what to write."""
    found = build.faults(**sections)
    assert any(said in line for line in found), found


def test_values_are_never_repeated() -> None:
    """A secret in the wrong place shows that no message carries it."""
    secret = "hunter2-hunter2"
    sections: dict[str, object] = dict.fromkeys(
        ("public", "insecure_http", "upstreams", "enrollment", "keys"), secret
    )
    sections |= {"logging": {"level": secret}, "session": {"idle": secret}, "unidentified": secret}
    assert secret not in "\n".join(build.faults(**sections))


def test_right_data_spoils_nothing() -> None:
    """Data that fits shows that no stand-in is used."""
    found = validate({**DATA})  # type: ignore[dict-item]
    assert (found.findings, found.spoiled) == ((), frozenset())
