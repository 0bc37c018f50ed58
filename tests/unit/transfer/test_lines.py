"""JSON lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.seeds import Portable, Seed, base32
from sidecar.transfer.lines import read
from sidecar.transfer.rows import BadRow, Row
from tests.unit.transfer import files
from tests.unit.transfer.files import BASE32, SECRET, SEED, SEEDS, USER_IDS, fault, one

PARTS = {"user_id": "ada", "secret": BASE32}


def test_a_uri_or_its_parts() -> None:
    """Both shapes show the same authenticator, and the parts how its codes are made."""
    uri = f"otpauth://totp/somebody?secret={BASE32}"
    assert one(read, json.dumps({"user_id": "ada", "otpauth": uri})) == one(read, json.dumps(PARTS))
    said = {**PARTS, "algorithm": "sha256", "digits": 8, "period": 60, "name": " Phone\n"}
    assert one(read, json.dumps(said)) == Portable(
        "ada", "", "Phone", Seed(SECRET, "SHA256", 8, 60)
    )


def test_databases_have_numbers_for_people() -> None:
    """A user id that is a whole number shows as its digits."""
    assert one(read, json.dumps({**PARTS, "user_id": 4711})) == Portable("4711", "", "", SEED)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[]", "no JSON object"),
        ("ada", "no JSON with each key once"),
        ('{"user_id": "ada"', "no JSON with each key once"),
        (f'{{"user_id": "a", "user_id": "b", "secret": "{BASE32}"}}', "no JSON with each key once"),
        (f'{{"user_id": "a", "secret": "{BASE32}", "digits": NaN}}', "no JSON with each key once"),
        ("[" * 60_000, "no JSON with each key once"),
        ('{"user_id": ' + "9" * 5000 + "}", "no JSON with each key once"),
        (json.dumps({**PARTS, "Digits": 8}), "it has a key other than"),
        (json.dumps({**PARTS, "otpauth": "otpauth://totp/a"}), "it has a key other than"),
        (json.dumps({**PARTS, "digits": "6"}), "its digits is no whole number"),
        (json.dumps({**PARTS, "digits": True}), "its digits is no whole number"),
        (json.dumps({**PARTS, "period": 30.0}), "its period is no whole number"),
        (json.dumps({**PARTS, "period": 10**400}), "its period is no number of seconds"),
        (json.dumps({**PARTS, "secret": None}), "its secret is no text"),
        (json.dumps({**PARTS, "name": 7}), "its name is no text"),
        (json.dumps({**PARTS, "user_id": True}), "its user_id is no text"),
        (json.dumps({**PARTS, "user_id": "\ud800"}), "control or invisible"),
        (json.dumps({"secret": BASE32}), "does not say whose it is"),
        (json.dumps({"user_id": "ada"}), "it has no secret"),
        (json.dumps({"user_id": "ada", "otpauth": "x"}), "no otpauth URI"),
    ],
    ids=lambda text: text[:40],
)
def test_what_gives_nothing_is_told(line: str, says: str) -> None:
    """Each line that cannot be taken shows why, and nothing of its secret."""
    why = fault(read, line)
    assert says in why
    assert BASE32 not in why


@given(seed=SEEDS, user_id=USER_IDS)
def test_what_is_written_is_read(seed: Seed, user_id: str) -> None:
    """Any seed and user id show as they were, with either spelling of what is not ASCII."""
    said = {
        "user_id": user_id,
        "secret": base32(seed.secret),
        "algorithm": seed.algorithm,
        "digits": seed.digits,
        "period": seed.period_s,
    }
    for plain in (True, False):
        line = json.dumps(said, ensure_ascii=plain)
        assert one(read, line) == Portable(user_id, "", "", seed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("user_id", "secret", "otpauth", "digits", "name"), JSON)
    )
)
def test_any_object_is_a_row_or_a_fault(said: dict[str, object]) -> None:
    """Whatever stands at our keys shows a row or a fault."""
    assert all(isinstance(row, Row | BadRow) for row in files.read(read, json.dumps(said)))
