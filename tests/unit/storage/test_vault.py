"""Keys derived for one job each, and values that open only where they were sealed."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import SealBroken
from sidecar.core.model import Person
from sidecar.storage.vault import KeyRing, Place, RootKey, Vault, canonical, sealed_by
from tests.conformance.stores import ADA, RING, TWIN

K1, K2 = RootKey("k1", b"1" * 32), RootKey("k2", b"2" * 32)
ROTATED = KeyRing((K2, dataclasses.replace(K1, active=False)))
PLACE = Place(ADA, "authenticators", "material", "a1")
VAULT = Vault(KeyRing((K1,)), "instance-1")


@given(value=st.binary(max_size=200))
def test_a_sealed_value_opens_in_its_place(value: bytes) -> None:
    """Any bytes come back from their place, which shows nothing is lost in the envelope."""
    sealed = VAULT.seal(value, PLACE)
    assert sealed.startswith("v1:k1:")
    assert VAULT.unseal(sealed, PLACE) == value


@given(value=st.binary(max_size=200))
def test_what_is_wrapped_opens_for_its_purpose(value: bytes) -> None:
    """Any bytes come back for the purpose they were wrapped for, and show nothing for another."""
    text = VAULT.ring.wrap("carried", value)
    assert ROTATED.unwrap("carried", text) == value
    assert ROTATED.unwrap("seal", text) is None
    assert KeyRing((K2,)).unwrap("carried", text) is None


@given(st.text(max_size=100))
def test_what_was_not_wrapped_does_not_open(text: str) -> None:
    """Any text, lone surrogates and all, shows nothing and no failure."""
    assert ROTATED.unwrap("carried", text) is None


@pytest.mark.conforms("ASVS-11.3.3")
@pytest.mark.parametrize(
    "elsewhere",
    [
        dataclasses.replace(PLACE, person=TWIN),
        dataclasses.replace(PLACE, person=Person("app", "bob")),
        dataclasses.replace(PLACE, table="backup_codes"),
        dataclasses.replace(PLACE, column="name"),
        dataclasses.replace(PLACE, row="a2"),
    ],
)
def test_it_opens_nowhere_else(elsewhere: Place) -> None:
    """A value copied to another person, table, column or row shows a broken seal."""
    with pytest.raises(SealBroken):
        VAULT.unseal(VAULT.seal(b"secret", PLACE), elsewhere)


def test_another_installation_cannot_open_it() -> None:
    """The same keys in another instance show a broken seal."""
    with pytest.raises(SealBroken):
        Vault(VAULT.ring, "instance-2").unseal(VAULT.seal(b"secret", PLACE), PLACE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed: sealed[:0],
        lambda sealed: sealed[:6],
        lambda sealed: "v2" + sealed[2:],
        lambda sealed: sealed.replace("k1", "k2", 1),
        lambda sealed: sealed.replace("k1", "gone", 1),
        lambda sealed: sealed[:-3] + ("AA=" if not sealed.endswith("AA=") else "BB="),
        lambda sealed: sealed[:40] + "\u00e9" + sealed[41:],
        lambda sealed: sealed[:60],
    ],
)
def test_a_spoiled_envelope_is_broken(spoil: Callable[[str], str]) -> None:
    """Every kind of damage shows one error and never an empty value."""
    ring = KeyRing((K1, dataclasses.replace(K2, active=False)))
    sealed = Vault(ring, "i").seal(b"secret", PLACE)
    with pytest.raises(SealBroken):
        Vault(ring, "i").unseal(spoil(sealed), PLACE)


def test_a_retired_key_still_opens() -> None:
    """After a rotation old values and tags show valid, new ones carry the new key."""
    rotated = Vault(ROTATED, "instance-1")
    assert rotated.unseal(VAULT.seal(b"secret", PLACE), PLACE) == b"secret"
    assert sealed_by(rotated.seal(b"secret", PLACE)) == "k2"
    assert ROTATED.matches("cookie", b"data", VAULT.ring.keyed("cookie", b"data"))
    assert ROTATED.vouched("row-mac", b"data", VAULT.ring.vouch("row-mac", b"data"))
    assert not VAULT.ring.vouched("row-mac", b"data", ROTATED.vouch("row-mac", b"data"))


@pytest.mark.conforms("ASVS-11.1.2")
def test_one_purpose_never_serves_another() -> None:
    """Keys and tags of different purposes show different and refuse one another."""
    purposes = ("seal", "row-mac", "cookie", "next", "csrf", "audit", "pepper")
    assert len({RING.purpose_key(purpose) for purpose in purposes}) == len(purposes)
    assert not RING.matches("cookie", b"data", RING.keyed("csrf", b"data"))
    assert not RING.vouched("audit", b"data", RING.vouch("row-mac", b"data"))
    assert not RING.vouched("audit", b"data", "")
    assert RING.purpose_key("cookie") == RING.purpose_key("cookie", "k1")


def test_nothing_prints_a_key() -> None:
    """The representations of ring, key and vault show ids only."""
    ring = KeyRing((K1,))
    shown = f"{ring!r} {K1!r} {Vault(ring, 'i')!r}"
    assert "k1" in shown
    assert "1111" not in shown


@pytest.mark.parametrize(
    ("key_id", "secret"), [("", b"1" * 32), ("a:b", b"1" * 32), ("k1", b"1" * 31)]
)
def test_a_bad_key_is_refused(key_id: str, secret: bytes) -> None:
    """A short key, or an id that would break the envelope, shows an error at once."""
    with pytest.raises(ValueError, match="key"):
        RootKey(key_id, secret)


def test_a_bad_ring_is_refused() -> None:
    """No active key, or one id twice, shows an error at once."""
    with pytest.raises(ValueError, match="active"):
        KeyRing((dataclasses.replace(K1, active=False),))
    with pytest.raises(ValueError, match="same id"):
        KeyRing((K1, RootKey("k1", b"3" * 32)))


def test_canonical_has_one_spelling() -> None:
    """The order in which a mapping was filled shows no effect."""
    assert canonical({"b": 1, "a": "\u00e9"}) == canonical({"a": "\u00e9", "b": 1})
    assert canonical({"a": [1]}) == b'{"a":[1]}'


def test_what_was_kept_matches_without_its_root_key() -> None:
    """A purpose that kept a key shows that old tags and envelopes are good, other purposes not."""
    ring = KeyRing((K2,))
    ring.keep("cookie", "k1", KeyRing((K1,)).purpose_key("cookie"))
    assert ring.holders("cookie") == ("k2", "k1")
    assert ring.matches("cookie", b"data", VAULT.ring.keyed("cookie", b"data"))
    assert ring.vouched("cookie", b"data", VAULT.ring.vouch("cookie", b"data"))
    assert ring.unwrap("cookie", VAULT.ring.wrap("cookie", b"data")) == b"data"
    assert ring.of("cookie")(b"data", "k1") == VAULT.ring.keyed("cookie", b"data")
    assert ring.of("cookie")(b"data") == ring.keyed("cookie", b"data")
    assert ring.holders("csrf") == ("k2",)
    assert not ring.matches("csrf", b"data", VAULT.ring.keyed("csrf", b"data"))
    with pytest.raises(KeyError):
        ring.of("csrf")(b"data", "k1")


def test_a_ring_can_seal_with_another_of_its_keys() -> None:
    """The same ring with another active key shows new tags of that one, and all that it kept."""
    ring = KeyRing((K2, dataclasses.replace(K1, active=False)))
    ring.keep("cookie", "k0", b"0" * 32)
    before = ring.sealing_with("k1")
    assert before.active == "k1"
    assert before.keyed("cookie", b"data") == VAULT.ring.keyed("cookie", b"data")
    assert before.holders("cookie") == ("k1", "k0", "k2")
