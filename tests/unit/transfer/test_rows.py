"""What any form has to say."""

from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.rows import (
    MAX_NAME_CHARACTERS,
    BadRow,
    Row,
    Unfit,
    name_of,
    number_of,
    secret_of,
    seed_of,
    user_of,
)
from tests.unit.transfer.files import BASE32, SECRET


@pytest.mark.parametrize(
    "spelled",
    [
        BASE32,
        BASE32.lower(),
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        "GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ",
        f"  {BASE32}\t",
        f"{BASE32}======",
        "GEZDGNBVGY3TQOJQGEZDGNBV\u00a0GY3TQOJQ",
    ],
)
def test_a_secret_is_read_in_any_spelling(spelled: str) -> None:
    """Case, spaces, dashes and padding as people and apps write them show the one secret."""
    assert secret_of(spelled) == SECRET


@given(st.binary(min_size=1, max_size=64), st.booleans(), st.booleans())
def test_every_secret_comes_back(secret: bytes, lower: bool, padded: bool) -> None:
    """A secret of any length shows itself, padded or not."""
    text = b32encode(secret).decode()
    text = text if padded else text.rstrip("=")
    assert secret_of(text.lower() if lower else text) == secret


@pytest.mark.parametrize(
    "wrong",
    ["", "  ", "====", "GEZDGNB1", "GEZDGN", "GE==ZDGN", "GEZDGNBß", "ＧＥＺＤ", "A" * 1025],
)
def test_what_is_no_base32_is_said_without_it(wrong: str) -> None:
    """Other characters, lengths and no secret at all show a sentence that quotes nothing."""
    with pytest.raises(Unfit) as unfit:
        secret_of(wrong)
    assert not wrong.strip() or wrong not in str(unfit.value)


@pytest.mark.parametrize(
    "said", ["SHA256", "sha256", "SHA-256", "sha_256", "HMAC-SHA-256", "HmacSHA256"]
)
def test_algorithms_have_many_names(said: str) -> None:
    """What systems call an algorithm shows it."""
    assert seed_of(SECRET, said) == Seed(SECRET, "SHA256")


@pytest.mark.parametrize(
    ("secret", "algorithm", "digits", "period"),
    [
        (b"", "SHA1", 6, 30),
        (SECRET, "MD5", 6, 30),
        (SECRET, "", 6, 30),
        (SECRET, "SHA1", 5, 30),
        (SECRET, "SHA1", 9, 30),
        (SECRET, "SHA1", 6, 0),
        (SECRET, "SHA1", 6, 3601),
    ],
)
def test_codes_that_nobody_judges_are_unfit(
    secret: bytes, algorithm: str, digits: int, period: int
) -> None:
    """No secret, another algorithm, length or period show that there is no seed."""
    with pytest.raises(Unfit):
        seed_of(secret, algorithm, digits, period)


@pytest.mark.parametrize("wrong", ["", "-6", "6.0", "٦", "12345", "0x6", "six"])
def test_a_number_is_small_and_whole(wrong: str) -> None:
    """What is no small whole number shows what it should have been."""
    assert number_of("0060", "period") == 60
    with pytest.raises(Unfit, match="its period is no small whole number"):
        number_of(wrong, "period")


@pytest.mark.parametrize("wrong", ["", " ", "ada\x00", "ada\u202ebob", "a\nb", "a" * 513, "\ud800"])
def test_a_user_id_can_be_seen(wrong: str) -> None:
    """Nothing, and characters that are not seen, show that nobody is named."""
    assert user_of(" shop:ada lovelace ") == "shop:ada lovelace"
    with pytest.raises(Unfit):
        user_of(wrong)


def test_names_are_put_in_order() -> None:
    """A name of several lines with invisible characters shows what can be shown of it."""
    assert name_of(" My\n phone\u202e \x07") == "My phone"
    assert name_of("My\x07 \u202e phone") == "My phone"
    assert len(name_of("x" * 1000)) == MAX_NAME_CHARACTERS


@given(st.text(max_size=80))
def test_a_name_in_order_stays_as_it_is(text: str) -> None:
    """Any name that was put in order shows itself, so that moving twice changes nothing."""
    assert name_of(name_of(text)) == name_of(text)
    assert not name_of(text) or name_of(text).isprintable()


def test_nobody_sees_a_secret() -> None:
    """The text of a row shows whose it is, and not the secret."""
    shown = repr(Row(3, Portable("ada", "", "", Seed(SECRET))))
    assert "ada" in shown
    assert str(SECRET) not in shown
    assert repr(BadRow(3, "why")) == "BadRow(line=3, why='why')"
