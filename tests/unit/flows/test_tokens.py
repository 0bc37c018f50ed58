"""Twin of sidecar/flows/tokens.py: what we mint is recognised, and nothing else is."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.model import Person, SessionId
from sidecar.flows.tokens import KNOWN_FOR, TAG_BYTES, Tokens, hash_token
from sidecar.storage.vault import KeyRing, RootKey
from tests.clock import START
from tests.conformance.stores import RING

TOKENS = Tokens(RING)
ADA, ADAM = Person("app", "ada"), Person("ap", "pada")
SESSION = SessionId("s1")


def test_sessions() -> None:
    """A session token shows its stored form; every bit of another text shows none."""
    token = TOKENS.mint_session()
    assert TOKENS.session_hash(token) == hash_token(token)
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))
    for at in range(len(raw)):
        raw[at] ^= 1
        flipped = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
        assert TOKENS.session_hash(flipped) is None
        raw[at] ^= 1
    assert len({TOKENS.mint_session() for _ in range(100)}) == 100


@given(st.text(max_size=100))
def test_made_up_tokens(text: str) -> None:
    """Any text shows that it is no token, at no cost and without a failure."""
    assert TOKENS.session_hash(text) is None
    assert not TOKENS.is_known(text, ADA, START)
    assert TOKENS.read_trusted(text, ADA) is None
    assert not TOKENS.csrf_fits(SESSION, text)
    assert TOKENS.open_next(SESSION, text) is None
    assert TOKENS.unwrap(text) == b""


def test_remembered_browsers() -> None:
    """A token of a remembered browser shows its series in every turn, and is its person's alone;
    every bit of another text shows none.
    """
    first = TOKENS.mint_trusted(ADA)
    next_one = TOKENS.mint_trusted(ADA, first.series)
    assert next_one.series_id == first.series_id
    assert next_one.counter_hash != first.counter_hash
    assert TOKENS.read_trusted(next_one.text, ADA) == next_one
    assert TOKENS.read_trusted(first.text, ADAM) is None
    assert first.text not in repr(first)
    raw = bytearray(base64.urlsafe_b64decode(first.text))
    assert len(raw) == 3 * 32
    for at in range(len(raw)):
        raw[at] ^= 1
        flipped = base64.urlsafe_b64encode(bytes(raw)).decode()
        assert TOKENS.read_trusted(flipped, ADA) is None
        raw[at] ^= 1


def test_one_spelling() -> None:
    """Padding, line ends and the other base64 show that a token has one spelling only."""
    token = TOKENS.mint_session()
    for other in (
        token + "=",
        token + "==",
        token + "\n",
        f" {token}",
        token.replace("_", "/") + "+",
    ):
        assert TOKENS.session_hash(other) is None


def test_keys_rotate() -> None:
    """Tokens of a key that only decrypts show that they still count; of a gone key, they do not."""
    old, new = RootKey("old", b"o" * 32, active=True), RootKey("new", b"n" * 32, active=True)
    before = Tokens(KeyRing((old,)))
    token, csrf = before.mint_session(), before.csrf(SESSION)
    kept = Tokens(KeyRing((new, RootKey("old", b"o" * 32, active=False))))
    assert kept.session_hash(token) is not None
    assert kept.csrf_fits(SESSION, csrf)
    assert Tokens(KeyRing((new,))).session_hash(token) is None


def test_purposes_are_apart() -> None:
    """A value of one purpose (THREATS 45) shows that it counts for no other."""
    sealed, csrf, token = (
        TOKENS.seal_next(SESSION, "/"),
        TOKENS.csrf(SESSION),
        TOKENS.mint_session(),
    )
    known = TOKENS.mint_known(ADA, START)
    assert TOKENS.unwrap(TOKENS.wrap(b"content")) == b"content"
    for value in (sealed, csrf, known, token):
        assert TOKENS.unwrap(value) == b""
    for value in (sealed, csrf, known, TOKENS.wrap(b"content")):
        assert TOKENS.session_hash(value) is None
    for value in (sealed, token, known):
        assert not TOKENS.csrf_fits(SESSION, value)
    for value in (csrf, token, known):
        assert TOKENS.open_next(SESSION, value) is None


def test_known_browsers() -> None:
    """A known browser shows as such for its person and its time."""
    known = TOKENS.mint_known(ADA, START)
    assert TOKENS.is_known(known, ADA, START)
    assert TOKENS.is_known(known, ADA, START + KNOWN_FOR - timedelta(seconds=1))
    assert not TOKENS.is_known(known, ADA, START + KNOWN_FOR + timedelta(seconds=1))
    assert not TOKENS.is_known(known, ADAM, START)
    until, _, tag = known.partition(".")
    for forged in (
        f"{int(until) + 1}.{tag}",
        f"9999999999999.{tag}",
        f"{until}.",
        f".{tag}",
        "٣.x",
    ):
        assert not TOKENS.is_known(forged, ADA, START)


@pytest.mark.parametrize("path", ["/", "/a?b=c", "//evil.test", "/ä", "/\udcff", "/" + "x" * 8000])
def test_next(path: str) -> None:
    """A path that we sealed shows again in its session, and in no other."""
    value = TOKENS.seal_next(SESSION, path)
    assert TOKENS.open_next(SESSION, value) == path
    assert TOKENS.open_next(SessionId("s2"), value) is None
    assert TOKENS.open_next(SessionId(""), TOKENS.seal_next(SessionId("s"), "1/x")) is None


def test_next_is_a_path() -> None:
    """What is no path shows that it does not open, even under our own seal."""
    for text in ("", "x", "https://app.test/", "\\\\evil.test"):
        assert TOKENS.open_next(SESSION, TOKENS.seal_next(SESSION, text)) is None
    empty = base64.urlsafe_b64encode(bytes(TAG_BYTES)).decode().rstrip("=")
    assert TOKENS.open_next(SESSION, empty) is None


def test_invitations() -> None:
    """An invitation shows 112 bits, and one stored form however it is typed."""
    code = TOKENS.mint_invitation()
    assert len(code.replace("-", "")) == 28
    typed = f"  {code.upper().replace('-', ' ')}\n"
    assert TOKENS.invitation_hash(typed) == TOKENS.invitation_hash(code)
    assert TOKENS.invitation_hash(code[:-1]) != TOKENS.invitation_hash(code)
    assert len({TOKENS.mint_invitation() for _ in range(100)}) == 100
