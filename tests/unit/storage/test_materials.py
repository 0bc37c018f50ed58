"""Material as bytes and back, and the statement that a row's MAC covers."""

from datetime import timedelta

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


def test_rows_from_before_there_were_holds_keep_their_mac() -> None:
    """A row that is not held shows the very statement that was vouched for before holds were."""
    written = statement(authenticator(material=None, held_level=Level.ONE_FACTOR))
    assert written == b'["a1","app","ada","totp","active",2,1,"none",null]'
    until = NOW + timedelta(hours=24)
    held = statement(authenticator(material=None, held_until=until, held_level=Level.TWO_FACTOR))
    assert held == written[:-1] + f',"{until.timestamp():.6f}",2]'.encode()


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
        authenticator(held_until=NOW),
        authenticator(held_until=NOW + timedelta(microseconds=1)),
        authenticator(held_until=NOW, held_level=Level.ONE_FACTOR),
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
