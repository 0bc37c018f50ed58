"""Plugins are built once, each with what is lent to it alone."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType

import pytest
from pydantic import BaseModel, ConfigDict

from sidecar.core.model import Level
from sidecar.core.protocols import Carriers, FactorTraits, Plugin, SourceTraits, Tools
from sidecar.core.transports import TransportTraits
from sidecar.lending import Lender
from sidecar.outside import Outside
from sidecar.proxy.pool import Pool
from sidecar.storage.vault import KeyRing, RootKey
from tests.unit.settings import build

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLUGIN = {"plugin": "acme_parts:"}


class Options(BaseModel):
    """No options, but for those that choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A plugin that keeps what it was lent."""

    options: Options
    tools: Tools


class AFactor(Part):
    traits = FactorTraits("possession", Level.TWO_FACTOR)


class ASource(Part):
    traits = SourceTraits(Carriers())


class ATransport(Part):
    traits = TransportTraits(frozenset({"sms"}))


@pytest.fixture(autouse=True)
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("acme_parts")
    for kind in (AFactor, ASource, ATransport):
        vars(module)[kind.__name__] = Plugin(Options, kind)
    monkeypatch.setitem(sys.modules, "acme_parts", module)


@pytest.fixture
async def lender() -> AsyncIterator[Lender]:
    loaded = build.load(
        factors={name: {"plugin": "acme_parts:AFactor"} for name in ("one", "two")},
        identity={"app": {"plugin": "acme_parts:ASource", "realm": "people"}},
        transports={
            "texts": {"plugin": "acme_parts:ATransport", "of": ["one", "two"]},
            "one": {"plugin": "acme_parts:ATransport"},
            "two": {"plugin": "acme_parts:ATransport"},
        },
        public=["https://shop.example.com", "https://blog.example.com"],
    )
    pool = Pool({})
    ring = KeyRing((RootKey("k1", b"k" * 32, active=True),))
    yield Lender(loaded, ring, pool, Outside(), clock=lambda: NOW)
    await pool.close()


def tools(part: object) -> Tools:
    assert isinstance(part, Part)
    return part.tools


def test_each_is_built_once_under_its_name(lender: Lender) -> None:
    """Sections of the file show one object each for every name in it, whenever it is asked for."""
    assert list(lender.factors) == ["one", "two"]
    assert list(lender.sources) == ["app"]
    assert list(lender.transports) == ["texts", "one", "two"]
    assert lender.transports["one"] is lender.transports["one"]
    assert tools(lender.sources["app"]).instance == "app"
    assert tools(lender.sources["app"]).realm == "people"


def test_keys_belong_to_one_instance(lender: Lender) -> None:
    """Instances of the same plugin and name show that each has keys that no other has."""
    parts = [*lender.factors.values(), *lender.sources.values(), *lender.transports.values()]
    made = [tools(part).keyed(b"same") for part in parts]
    assert len(set(made)) == len(parts)
    assert tools(parts[0]).keyed(b"same") == made[0] != tools(parts[0]).keyed(b"other")
    assert b"k" * 32 not in made
    assert "keyed" not in repr(tools(parts[0]))


def test_a_transport_reaches_those_it_chooses_among(lender: Lender) -> None:
    """One that stands first in the file shows that it reaches those behind it in time."""
    lent = tools(lender.transports["texts"])
    assert lent.transport("two") is lender.transports["two"]
    with pytest.raises(KeyError):
        lent.transport("three")


def test_what_the_outside_must_know_is_told(lender: Lender) -> None:
    """Origins, callbacks and the clock show that they are those of the installation."""
    lent = tools(lender.transports["one"])
    assert lent.origins == ("https://shop.example.com", "https://blog.example.com")
    assert lent.callback == "https://shop.example.com/_sidecar/receipts/one"
    assert lent.now() == NOW
