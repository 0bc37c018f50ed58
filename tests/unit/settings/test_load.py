"""The whole way from a file to settings, or to every fault."""

from pathlib import Path

import pytest

from sidecar.core.model import Level
from sidecar.settings.faults import ConfigError
from sidecar.settings.load import load_settings
from tests.unit.settings import build

HERE = Path(__file__).parent


def test_twelve_different_mistakes_are_all_told() -> None:
    """A file with twelve mistakes shows that one run tells each, at its own line, with a hint."""
    path = HERE / "twelve_mistakes.yaml"
    with pytest.raises(ConfigError) as caught:
        load_settings(path, build.ENV, build.NOW)
    told = [str(fault).removeprefix(f"{path}:") for fault in caught.value.faults]
    assert told == [
        (
            "2: public[0]: http://shop.example.com is not encrypted (write https://, or "
            "`insecure_http: true` if everything may be read on the way)"
        ),
        "5: listen.probes: an address is written 0.0.0.0:8080, [::]:8080 or unix:/path.sock",
        "6: listen.probes: the key is already written in line 5",
        (
            "8: upstreams.shop.connect_timout: unknown key 'connect_timout' "
            "(did you mean 'connect_timeout'?)"
        ),
        (
            "11: identity.app.plugin: there is no bundled identity plugin 'upstream_sesion' "
            "(did you mean 'upstream_session'?)"
        ),
        (
            "12: identity.gateway: from: 10.0.0.0/8 is wider than /28 (IPv6: /124), so anybody in "
            "it could name anybody; add secret: {header, value} or mtls: true"
        ),
        "17: enrollment.until: lies in the past (write a later day, or `first: invited`)",
        "19: factors.totp.digits: one of 6 or 8 is expected here",
        "25: policy.rules[1].factors[0]: no factor is called 'topt' (did you mean 'totp'?)",
        "26: policy.rules[2]: is never reached: rule 'pay' above takes all its requests",
        (
            "27: policy.rules[3].level: one of bypass, one_factor, two_factor, phishing_resistant "
            "or deny is expected here (did you mean 'two_factor'?)"
        ),
        "29: storage.database: environment variable DATABASE_URL is not set",
    ]


def test_the_least_that_is_right_has_no_faults() -> None:
    """The smallest configuration shows that nothing else is needed."""
    loaded = build.load()
    assert [item.name for item in loaded.factors] == ["totp", "backup_codes"]
    assert [item.realm for item in loaded.sources] == ["app"]
    assert loaded.levels == {"totp": Level.TWO_FACTOR, "backup_codes": Level.TWO_FACTOR}
    assert [(key.id, key.active, len(key.secret)) for key in loaded.keys] == [("k1", True, 32)]
    assert [rule.name for rule in loaded.policy.rules] == ["default"]
    assert loaded.warnings == ()


def test_secrets_are_not_shown() -> None:
    """The text of what was loaded shows that no key is in it."""
    shown = repr(build.load())
    assert "secret=b" not in shown
    assert build.ENV["KEY"] not in shown


def test_a_file_can_be_checked_where_its_secrets_are_not() -> None:
    """Missing variables, files and keys show that they are faults only where secrets count."""
    text = """
public: https://shop.example.com
upstreams: {shop: "http://127.0.0.1:3000"}
identity: {app: {plugin: upstream_session, upstream: shop, url: /whoami, subject: /id}}
enrollment: {first: invited}
factors: {totp: {issuer: "${ISSUER}"}}
storage: {database: file:/nowhere/database}
keys: [{id: k1, from: {file: /nowhere/key}}]
"""
    assert [fault.path for fault in build.faults_of(text, {})] == [
        "factors.totp.issuer",
        "storage.database",
        "keys[0].from.file",
    ]
    assert build.load_text(text, {}, secrets=False).keys == ()


def test_a_mistake_beside_a_missing_secret_is_told() -> None:
    """A form fault shows that checking without secrets overlooks nothing else."""
    with pytest.raises(ConfigError) as caught:
        build.load_text("public: ${PUBLIC}\nupstreams: {a: nowhere}\n", {}, secrets=False)
    assert "upstreams.a.url[0]" in [fault.path for fault in caught.value.faults]


@pytest.mark.parametrize(
    "text", ["", "[]", "just text", "- a\n- b\n", "a: [", "\x00", "a: &a [*a]"]
)
def test_what_is_no_mapping_is_one_fault(text: str) -> None:
    """Files that are no configuration at all show that they end in a fault, never in settings."""
    found = build.faults_of(text)
    assert found
    assert not any(fault.warning for fault in found)


def test_a_missing_file_is_a_fault() -> None:
    """A path that leads nowhere shows that it is told like any other fault."""
    with pytest.raises(ConfigError, match=r"/nowhere/sidecar.yaml:1: cannot be read: No such file"):
        load_settings(Path("/nowhere/sidecar.yaml"), {}, build.NOW)


def test_wrong_entries_do_not_hide_others() -> None:
    """Faults in every section at once show that stand-ins let the others be found."""
    found = build.faults(
        public=["nonsense"],
        upstreams={"Shop": {}},
        identity={"app": 5},
        enrollment="invited",
        factors=[],
        keys=[{"id": "k 1"}],
        session=5,
        policy={"rules": [{"name": "x"}, {"name": "y", "path": "y", "level": "deny"}]},
    )
    assert [line.split(": ")[0] for line in found] == [
        "public[0]",
        "upstreams.Shop",
        "upstreams.Shop.url",
        "identity.app",
        "enrollment",
        "factors",
        "keys[0].from",
        "keys[0].id",
        "session",
        "policy.rules[0].level",
        "policy.rules[1].path[0]",
    ]


@pytest.mark.parametrize("section", ["public", "upstreams", "identity", "enrollment", "factors"])
def test_required_sections_are_told_once(section: str) -> None:
    """A missing section shows that it is the only thing said."""
    assert build.faults(**{section: None}) == [f"{section}: is required"]
