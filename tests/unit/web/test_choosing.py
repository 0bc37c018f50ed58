"""What can be set up, the strongest first; what is restricted last and never recommended."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Level,
    Person,
    SharedSecret,
)
from sidecar.core.protocols import FactorTraits
from sidecar.web.choosing import choices, missing, proves_two, stronger
from sidecar.web.desk import Desk

TRAITS = {
    "texts": FactorTraits("possession", restricted=True, channel="sms"),
    "mail": FactorTraits("possession", level=Level.ONE_FACTOR, strict=False, channel="email"),
    "letters": FactorTraits("possession", channel="letter", label="By letter"),
    "app": FactorTraits("possession"),
    "key": FactorTraits("possession", phishing_resistant=True),
    "codes": FactorTraits("possession", stands_in=True),
}
LEVELS = {
    name: Level.PHISHING_RESISTANT if traits.phishing_resistant else traits.level
    for name, traits in TRAITS.items()
}


@dataclass
class Parts:
    """A desk as far as choosing looks."""

    traits: Mapping[str, FactorTraits] = field(default_factory=lambda: TRAITS)

    def desk(self) -> Desk:
        factors = {name: SimpleNamespace(traits=traits) for name, traits in self.traits.items()}
        kit = SimpleNamespace(factors=factors, levels=LEVELS, clock=lambda: datetime.now(UTC))
        site = SimpleNamespace(kinds={name: f"kind-{name}" for name in factors})
        return cast("Desk", SimpleNamespace(flows=SimpleNamespace(kit=kit), site=site))


def held(factor: str, *, active: bool = True) -> Authenticator:
    now = datetime(2026, 3, 14, tzinfo=UTC)
    return Authenticator(
        id=AuthenticatorId(factor),
        person=Person("r", "ada"),
        factor=factor,
        name=factor,
        status=AuthenticatorStatus.ACTIVE if active else AuthenticatorStatus.SUSPENDED,
        level=Level.TWO_FACTOR,
        version=1,
        created_at=now,
        material=SharedSecret(b"x"),
    )


@pytest.mark.conforms("NIST-RESTA-1")
def test_the_strongest_comes_first() -> None:
    """Every kind shows its place: keys, apps, messages, what is worth less, what is restricted."""
    found = choices(Parts().desk())
    assert [choice.factor for choice in found] == ["key", "app", "letters", "mail", "texts"]
    assert [choice.factor for choice in found if choice.recommended] == ["key"]
    assert [choice.factor for choice in found if choice.restricted] == ["texts"]
    assert found[2].label == "By letter"
    assert found[0].kind == "kind-key"


@pytest.mark.parametrize("only", ["texts", "mail"])
def test_nothing_weak_is_recommended(only: str) -> None:
    """A weak kind alone shows that being the first does not make it recommended."""
    (choice,) = choices(Parts({only: TRAITS[only]}).desk())
    assert not choice.recommended


def test_only_what_would_open_the_page() -> None:
    """A need shows the kinds that meet it, and all of them where none does."""
    desk = Parts().desk()
    need = Requirement(Level.PHISHING_RESISTANT)
    assert [choice.factor for choice in choices(desk, need=need)] == ["key"]
    impossible = replace(need, factors=frozenset({"app"}))
    assert len(choices(desk, need=impossible)) == 5


def test_what_is_held_is_counted() -> None:
    """Two numbers show as two; one that is switched off does not count."""
    mine = (held("texts"), held("texts"), held("app", active=False))
    found = {choice.factor: choice.held for choice in choices(Parts().desk(), mine)}
    assert found == {"key": 0, "app": 0, "letters": 0, "mail": 0, "texts": 2}


@pytest.mark.conforms("NIST-RESTA-2")
def test_stronger_ways_are_named_beside_a_restricted_one() -> None:
    """A restricted kind shows what is safer, which mail is not, and other kinds show nothing."""
    desk = Parts().desk()
    assert [choice.factor for choice in stronger(desk, "texts")] == [
        "key",
        "app",
        "letters",
    ]
    assert stronger(desk, "app") == ()


def test_one_method_alone_is_told_to_get_company() -> None:
    """Somebody with one method shows what to add; with two, or none, nothing is urged."""
    desk = Parts().desk()
    more = missing(desk, (held("app"), held("codes")))
    assert [choice.factor for choice in more] == ["key", "letters", "mail"]
    assert missing(desk, (held("app"), held("key"))) == ()
    assert missing(desk, ()) == ()
    assert missing(desk, (held("gone"),)) == ()


def test_spares_are_for_whoever_proves_two_factors() -> None:
    """Mail that counts as one factor shows no spare codes to be made; an app shows them."""
    kit = Parts().desk().flows.kit
    assert not proves_two(kit, (held("mail"),))
    assert not proves_two(kit, (held("mail"), held("app", active=False)))
    assert proves_two(kit, (held("mail"), held("app")))
