"""Material as bytes and back, and the statement that a row's MAC covers."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.model import AuthenticatorStatus, Level, PublicKey, SharedSecret
from sidecar.storage.materials import decode, encode, kind_of, statement
from tests.conformance.stores import NOW, TWIN, authenticator, codes

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
    assert decode(encode(material)) == material


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
