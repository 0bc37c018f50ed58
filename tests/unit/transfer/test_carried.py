"""What is inside a seal."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.model import PublicKey
from sidecar.core.seeds import Portable
from sidecar.transfer.carried import from_base64, packed, to_base64, unpacked
from sidecar.transfer.rows import Unfit, name_of
from tests.unit.transfer.files import SEED, SEEDS, USER_IDS, VISIBLE

MADE = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
KEY = PublicKey(b"id", b"key", 7, {"transports": ("usb", "nfc"), "model": "x", "be": True, "n": 1})

STATES = st.dictionaries(
    st.text(max_size=10),
    st.integers() | st.booleans() | st.text(max_size=10) | st.lists(st.text()).map(tuple),
    max_size=4,
)
KEYS = st.builds(
    PublicKey,
    st.binary(min_size=1, max_size=1023),
    st.binary(min_size=1, max_size=200),
    st.integers(0, 2**32),
    STATES,
)
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
PORTABLES = st.builds(
    Portable,
    USER_IDS,
    st.text(VISIBLE, max_size=64),
    st.text(max_size=80).map(name_of),
    SEEDS | KEYS,
    MOMENTS,
)


@given(PORTABLES)
def test_nothing_is_lost(portable: Portable) -> None:
    """Any authenticator shows itself again, seed or key, with every detail."""
    assert unpacked(packed(portable)) == portable


def test_a_moment_is_the_same_everywhere() -> None:
    """A moment of another zone shows as the same one in UTC."""
    there = MADE.astimezone(timezone(timedelta(hours=9)))
    assert unpacked(packed(Portable("ada", "", "", SEED, there))).created_at == MADE


def changed(**change: object) -> bytes:
    said = json.loads(packed(Portable("ada", "totp", "Phone", SEED, MADE)))
    return json.dumps({**said, **change}).encode()


def key(**change: object) -> bytes:
    said = json.loads(packed(Portable("ada", "", "", KEY)))
    return json.dumps({**said, "public_key": {**said["public_key"], **change}}).encode()


def seed(**change: object) -> bytes:
    return changed(seed={**json.loads(changed())["seed"], **change})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        changed(more=1),
        changed(user_id=""),
        changed(user_id=7),
        changed(factor="x" * 65),
        changed(name=None),
        changed(created_at="yesterday"),
        changed(created_at="2026-03-01T12:00:07"),
        changed(seed=None),
        changed(seed=[]),
        changed(public_key={}),
        seed(more=1),
        seed(secret="A"),
        seed(secret="AB"),
        seed(secret="AA=="),
        seed(secret="+/+/"),
        seed(secret="é"),
        seed(secret=""),
        seed(algorithm="MD5"),
        seed(digits="6"),
        seed(digits=0),
        seed(period=True),
        key(more=1),
        key(credential_id=""),
        key(credential_id=to_base64(bytes(1024))),
        key(public_key=""),
        key(sign_count=-1),
        key(sign_count=None),
        key(state=None),
        key(state={"x": None}),
        key(state={"x": 1.5}),
        key(state={"x": [1]}),
        key(state={"x": {}}),
    ],
)
def test_what_was_not_packed_here_is_unfit(data: bytes) -> None:
    """Every part that is missing, new or of another kind shows that it cannot be taken."""
    assert isinstance(unpacked(changed()), Portable)
    with pytest.raises(Unfit):
        unpacked(data)


@given(st.binary(max_size=50))
def test_bytes_have_one_spelling(data: bytes) -> None:
    """Any bytes come back from base64url, and show as nothing with a character more."""
    text = to_base64(data)
    assert from_base64(text) == data
    for wrong in (f"{text}=", f"{text}\n", f" {text}"):
        with pytest.raises(Unfit):
            from_base64(wrong)
