"""Material as bytes and back, and the statement that a row's MAC covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import SealBroken
from sidecar.core.model import AuthenticatorStatus, Level, PublicKey, SharedSecret
from sidecar.storage.materials import decode, encode, kind_of, statement
from tests.conformance.stores import NOW, SECRET, TWIN, authenticator, codes

STATES = st.dictionaries(
    st.text(max_size=9),
    st.integers() | st.text(max_size=9) | st.lists(st.integers(), max_size=4).map(tuple),
    max_size=4,
)


@given(secret=st.binary(max_size=70), state=STATES)
def test_a_shared_secret_survives(
    secret: bytes, state: dict[str, int | str | tuple[int, ...]]
) -> None:
    """Any secret and state come back equal, which shows that no type is lost in between."""
    material = SharedSecret(secret, state)
    assert decode("shared_secret", encode(material)) == material


@given(parts=st.tuples(st.binary(), st.binary()), count=st.integers(0, 2**32))
def test_a_public_key_survives(parts: tuple[bytes, bytes], count: int) -> None:
    """Any key and counter come back equal, flags as flags, which shows them stored whole."""
    material = PublicKey(*parts, count, {"up": True, "n": 1, "name": "x"})
    assert decode("public_key", encode(material)) == material


@pytest.mark.parametrize("kind", ["public_key", "lookup_codes", "none", "", "other"])
def test_a_secret_is_never_read_as_another_kind(kind: str) -> None:
    """A row that claims another kind than was sealed shows a broken seal."""
    with pytest.raises(SealBroken):
        decode(kind, encode(SECRET))


def test_everything_that_counts_changes_the_statement() -> None:
    """Each fact that decides what is proven shows a statement of its own."""
    plain = authenticator()
    variants = [
        plain,
        authenticator("a2"),
        authenticator(person=TWIN),
        authenticator(factor="sms"),
        authenticator(status=AuthenticatorStatus.SUSPENDED),
        authenticator(level=Level.PHISHING_RESISTANT),
        authenticator(version=2),
        authenticator(material=None),
        authenticator(material=SharedSecret(b"other")),
        authenticator(material=PublicKey(b"a", b"b", 0)),
        authenticator(material=codes()),
        authenticator(material=codes("A", "B")),
        authenticator(material=codes("B", "A")),
        authenticator(material=codes("A", "B", used={"A": NOW})),
    ]
    assert len({statement(one) for one in variants}) == len(variants)
    assert statement(authenticator(name="x", last_used_at=NOW)) == statement(plain)
    assert kind_of(None) == "none"
