"""Declared plugins: resolved, their options checked, asked what they are."""

import sys
from types import ModuleType
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from sidecar.core.model import Level
from sidecar.core.protocols import FactorTraits, Plugin, Tools
from sidecar.loader import build as build_plugin
from sidecar.settings.declared import inert_tools
from tests.unit.settings import build


class Options(BaseModel):
    """Options of a plugin that somebody else wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loud: bool = False
    port: int = 25
    mode: Literal["a", "b"] = "a"
    breaks: str = ""


class Push:
    """A factor that does nothing, or breaks while it is built."""

    def __init__(self, options: Options, tools: Tools) -> None:
        assert tools.keyed(b"x") != b"x"
        self.tools = tools
        if options.breaks == "value":
            raise ValueError("port 25 is closed")
        if options.breaks:
            raise RuntimeError("the secret is 1234")

    traits = FactorTraits(proves="possession", level=Level.PHISHING_RESISTANT)


class SaysItIsSeeded(Push):
    """Says that it takes seeds, and cannot."""

    traits = FactorTraits(proves="possession", seeded=True)


class HalfSeeded(SaysItIsSeeded):
    """Takes seeds and does not give them out."""

    def adopt(self) -> None:
        """Take nothing."""

    seed = None


@pytest.fixture(autouse=True)
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("acme_push")
    vars(module)["PLUGIN"] = Plugin(Options, Push)
    vars(module)["SEEDED"] = Plugin(Options, SaysItIsSeeded)
    vars(module)["HALF"] = Plugin(Options, HalfSeeded)
    vars(module)["NOTHING"] = Plugin(Options, lambda options, tools: (options, tools))
    monkeypatch.setitem(sys.modules, "acme_push", module)


def push(**options: object) -> list[str]:
    declared = {"totp": {"issuer": "X"}, "push": {"plugin": "acme_push:PLUGIN", **options}}
    return build.faults(factors=declared)


def test_a_plugin_of_somebody_else_is_a_factor_like_any_other() -> None:
    """A module of our own making shows that its level counts and its options are checked."""
    strong = {"rules": [{"name": "x", "path": "/x", "level": "phishing_resistant"}]}
    factors = {"totp": {"issuer": "X"}, "push": {"plugin": "acme_push:PLUGIN"}}
    loaded = build.load(factors=factors, policy=strong)
    assert loaded.levels == {"totp": Level.TWO_FACTOR, "push": Level.PHISHING_RESISTANT}
    assert push(lout=True, mode="c") == [
        "factors.push.lout: unknown key 'lout' (did you mean 'loud'?)",
        "factors.push.mode: one of a or b is expected here",
    ]


def test_options_are_not_guessed() -> None:
    """Words for truth values and truth for numbers show that neither is accepted."""
    assert push(loud="off") == ["factors.push.loud: true or false is expected here"]
    assert push(port=True) == ["factors.push.port: another kind of value is expected here"]
    assert push(port="587", loud=True) == []


def test_a_plugin_that_cannot_be_built_is_a_fault() -> None:
    """Errors while building show what is wrong with a value, and nothing of other errors."""
    assert push(breaks="value") == ["factors.push: cannot be built: port 25 is closed"]
    assert push(breaks="other") == ["factors.push: cannot be built: RuntimeError"]


def test_a_plugin_has_the_role_under_which_it_is_declared() -> None:
    """A factor among the identity sources shows that it is told."""
    identity = {**build.RIGHT["identity"], "push": {"plugin": "acme_push:PLUGIN"}}  # type: ignore[dict-item]
    assert build.faults(identity=identity) == ["identity.push: the plugin is no identity plugin"]
    declared = {"totp": {"issuer": "X"}, "push": {"plugin": "acme_push:NOTHING"}}
    assert build.faults(factors=declared) == ["factors.push: the plugin is no factors plugin"]


def test_a_factor_that_says_it_takes_seeds_can() -> None:
    """Traits without the methods show at start which of them are not there."""

    def said(name: str) -> list[str]:
        return build.faults(
            factors={"totp": {"issuer": "X"}, "push": {"plugin": f"acme_push:{name}"}}
        )

    says = "factors.push: the plugin says that it is seeded, and has no"
    assert said("SEEDED") == [f"{says} adopt and no seed"]
    assert said("HALF") == [f"{says} seed"]


def test_unknown_plugins_are_told_where_they_are_named() -> None:
    """A wrong instance name and a wrong reference show the place that must change."""
    assert build.faults(factors={"topt": {"issuer": "X"}}) == [
        "factors.topt: there is no bundled factors plugin 'topt' (did you mean 'totp'?)"
    ]
    assert build.faults(factors={"a": {"plugin": "no_such_module:PLUGIN"}}) == [
        (
            "factors.a.plugin: module 'no_such_module' does not import: "
            "ModuleNotFoundError: No module named 'no_such_module'"
        )
    ]


def test_upstreams_that_are_asked_exist() -> None:
    """An identity source that asks nobody shows which upstreams there are."""
    app = {"plugin": "upstream_session", "upstream": "shp", "url": "/me", "subject": "/id"}
    assert build.faults(identity={"app": app}) == [
        "identity.app.upstream: there is no upstream 'shp' (did you mean 'shop'?)"
    ]


def test_client_certificates_need_somebody_who_asks_for_them() -> None:
    """`mtls` without authorities shows that the source would believe nobody."""
    gateway = {
        "plugin": "forwarded_header",
        "header": "X-User",
        "from": ["10.0.0.0/8"],
        "mtls": True,
    }
    assert build.faults(identity={"gateway": gateway}) == [
        "identity.gateway.mtls: nobody would ever be believed: listen.tls.client_ca is not given"
    ]


def test_sources_have_realms() -> None:
    """Sources of the same people show that they share a realm, others have their own name."""
    app = {"plugin": "upstream_session", "upstream": "shop", "url": "/me", "subject": "/id"}
    loaded = build.load(identity={"a": app, "b": {**app, "realm": "a"}, "c": app})
    assert [(item.name, item.realm) for item in loaded.sources] == [
        ("a", "a"),
        ("b", "a"),
        ("c", "c"),
    ]
    assert all(item.source is not None for item in loaded.sources)


async def test_nothing_is_done_while_plugins_are_asked() -> None:
    """The tools of this stage show that a plugin can reach nobody with them."""
    tools = inert_tools("push", "")
    assert isinstance(build_plugin(Plugin(Options, Push), Options(), tools), Push)
    with pytest.raises(RuntimeError, match="acts while the configuration is read"):
        await tools.ask.ask("shop", b"/", (), timeout_s=1, limit_bytes=1)
    with pytest.raises(RuntimeError, match="acts while the configuration is read"):
        await tools.dear(lambda: 1)
    with pytest.raises(RuntimeError, match="acts while the configuration is read"):
        tools.transport("mail")
    with pytest.raises(RuntimeError, match="acts while the configuration is read"):
        tools.now()


TEXTS = {
    "twilio": {"account": "AC" + "0" * 32, "auth_token": "token", "sender": "+15005550006"},
    "sns": {"region": "eu-central-1", "access_key": "A" * 20, "secret_key": "secret"},
    "mail": {"plugin": "smtp", "host": "relay.example.com", "sender": "a@example.com"},
}


def chosen(*names: str, **more: object) -> list[str]:
    """Return what is said of a failover before, between and behind what it chooses among."""
    texts = {"plugin": "failover", "of": list(names)}
    return build.faults(transports={"texts": texts, **TEXTS, **more})


def test_a_transport_that_chooses_is_asked_after_those_it_chooses_among() -> None:
    """A failover named first in the file shows that it carries what all behind it do."""
    transports = {"texts": {"plugin": "failover", "of": ["twilio", "sns"]}, **TEXTS}
    loaded = build.load(transports=transports)
    traits = {item.name: item.transport for item in loaded.transports}
    assert traits["texts"] is not None
    assert traits["texts"].channels == {"sms"}


def test_what_cannot_be_chosen_is_told() -> None:
    """Unknown names, circles and transports of different kinds show what is wrong with `of`."""
    assert any("there is no transport 'twillio'" in said for said in chosen("twillio", "sns"))
    assert any("no channel in common" in said for said in chosen("mail", "sns"))
    circle = {"plugin": "failover", "of": ["texts", "twilio"]}
    said = chosen("sns", "again", again=circle)
    assert any("choose each other in a circle" in one for one in said)


def test_one_fault_is_told_once() -> None:
    """A transport with a fault of its own shows that the one that chooses it has none more."""
    broken = {**TEXTS["sns"], "region": "here"}
    said = [one for one in chosen("twilio", "sns", sns=broken) if "warning" not in one]
    assert [one for one in said if one.startswith("transports.texts")] == []
    assert any(one.startswith("transports.sns.region") for one in said)
