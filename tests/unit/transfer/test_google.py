"""Exports of Google Authenticator."""

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.google import MOST_PARTS, read
from sidecar.transfer.rows import BadRow, Row
from tests.unit.transfer import files
from tests.unit.transfer.files import SECRET, SEED, SEEDS, USER_IDS, fault, one
from tests.unit.transfer.test_wire import field

BEGINS = "otpauth-migration://offline?data="

BY_HAND = (
    "0a 2c"  # an account of 44 bytes
    "0a 14 3132333435363738393031323334353637383930"  # its secret: 20 bytes
    "12 08 53686f703a616461"  # its name, Shop:ada
    "1a 04 53686f70"  # its issuer, Shop
    "20 01 28 01 30 02"  # SHA1, six digits, TOTP
    "10 01 18 01 20 00 28 8bc0fffffcffffffff01"  # version 1, part 0 of 1, a negative batch id
)
"""A payload put together from the description of the format, byte by byte."""


def account(
    secret: bytes = SECRET,
    name: str = "ada",
    issuer: str = "Shop",
    numbers: tuple[int, int, int] = (1, 1, 2),
) -> bytes:
    inside = field(1, secret) + field(2, name.encode()) + field(3, issuer.encode())
    inside += b"".join(field(which, value) for which, value in zip((4, 5, 6), numbers, strict=True))
    return field(1, inside)


def written(*parts: bytes) -> str:
    return BEGINS + quote(b64encode(b"".join(parts)).decode(), safe="")


def part(index: int, size: int, batch: int = 7) -> str:
    return written(account(), field(3, size), field(4, index), field(5, batch))


def test_a_payload_by_hand() -> None:
    """The bytes of one export show the account in it, without its issuer."""
    data = bytes.fromhex(BY_HAND)
    assert one(read, written(data)) == Portable("ada", "", "", SEED)


def test_base64_in_every_spelling() -> None:
    """With and without padding, percent-encoding and the letters of URLs it shows the account."""
    secret = b"xx" + bytes.fromhex("fbefbe") * 3 + b"\xff" * 6
    plain = b64encode(account(secret, name="Shop:ada")).decode()
    assert {"+", "/", "="} <= set(plain)
    for spelled in (
        BEGINS + plain,
        BEGINS + plain.rstrip("="),
        BEGINS + plain.replace("+", "-").replace("/", "_"),
        BEGINS + plain.replace("+", " "),
        BEGINS.upper() + quote(plain, safe=""),
        BEGINS.replace("?", "/?") + plain.rstrip("=") + "&x=y#z",
    ):
        assert one(read, spelled) == Portable("ada", "", "", Seed(secret)), spelled


def test_a_line_of_many_accounts() -> None:
    """Accounts that cannot be taken show their faults beside those that can, at their line."""
    line = written(
        account(name="Shop:ada"),
        account(numbers=(3, 2, 2), name="shop:bob", issuer="Harbour"),
        account(numbers=(0, 0, 2), name=" cy ", issuer=""),
        account(numbers=(1, 1, 1)),
        account(numbers=(4, 1, 2)),
        account(numbers=(1, 1, 0)),
        account(numbers=(1, 3, 2)),
        account(secret=b""),
        account(name=""),
        field(1, field(2, b"\xff") + field(6, 2) + field(1, SECRET)),
        field(1, field(1, 7) + field(6, 2)),
        field(1, field(6, b"2")),
        field(1, b"\x0a\xff"),
        field(1, 7),
        field(99, b"something new"),
    )
    first, second, third, *bad = files.read(read, f"\n{line}")
    assert first == Row(2, Portable("ada", "", "", SEED))
    assert second == Row(2, Portable("bob", "", "", Seed(SECRET, "SHA512", 8)))
    assert third == Row(2, Portable("cy", "", "", SEED))
    says = [
        "counted (HOTP)",
        "its algorithm is none",
        "does not say that its codes are timed",
        "neither 6 nor 8 digits",
        "its secret is empty",
        "does not say whose it is",
        "no UTF-8",
        *["cut off or damaged"] * 4,
    ]
    assert len(bad) == len(says)
    for row, words in zip(bad, says, strict=True):
        assert isinstance(row, BadRow)
        assert row.line == 2
        assert words in row.why


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("otpauth://totp/ada?secret=GEZDGNBV", "no export"),
        ("otpauth-migration://offline?data=", "no export"),
        (f"{BEGINS}%%%%", "no base64"),
        (f"{BEGINS}CgA%FF", "no base64"),
        (f"{BEGINS}C", "no base64"),
        (written(account())[:-8], "cut off or damaged"),
        (written(field(3, b"2")), "cut off or damaged"),
    ],
)
def test_what_is_no_export_is_told(line: str, says: str) -> None:
    """Other URIs and cut off ones show what to do."""
    assert says in fault(read, line)


def test_missing_parts_are_told_at_the_end() -> None:
    """Two exports in three parts each show which QR codes are not there."""
    text = "\n".join([part(0, 3, 1), part(1, 3, 2), part(2, 3, 1), part(0, 3, 2), part(2, 3, 2)])
    *rows, missing = files.read(read, text)
    assert len(rows) == 5
    assert missing == BadRow(3, "of this export of 3 QR codes these are missing: 2")


@pytest.mark.parametrize(("index", "size"), [(3, 3), (0, MOST_PARTS + 1), ((1 << 64) - 1, 2)])
def test_parts_that_cannot_be_are_told(index: int, size: int) -> None:
    """A part behind the last, and an export of absurdly many, show as faults beside their row."""
    row, bad = files.read(read, part(index, size))
    assert isinstance(row, Row)
    assert isinstance(bad, BadRow)
    assert "counts its parts" in bad.why


def test_exports_that_never_end_are_bounded() -> None:
    """Many exports of which a part is missing show that no more than some are remembered."""
    text = "\n".join(part(0, 2, batch) for batch in range(MOST_PARTS + 50))
    found = files.read(read, text)
    missing = [row for row in found if isinstance(row, BadRow) and "are missing" in row.why]
    assert len(missing) == MOST_PARTS + 1


@given(st.lists(st.tuples(USER_IDS, SEEDS), min_size=1, max_size=5))
def test_what_is_written_is_read(people: list[tuple[str, Seed]]) -> None:
    """Any people and seeds that the format has a word for show as they were."""
    algorithms, lengths = ("", "SHA1", "SHA256", "SHA512"), {6: 1, 8: 2}
    fit = [
        (user_id, Seed(seed.secret, seed.algorithm, 8 if seed.digits == 7 else seed.digits))
        for user_id, seed in people
    ]
    line = written(
        *(
            account(
                seed.secret,
                f"Shop:{user_id}",
                "Shop",
                (algorithms.index(seed.algorithm), lengths[seed.digits], 2),
            )
            for user_id, seed in fit
        )
    )
    assert files.read(read, line) == [Row(1, Portable(who, "", "", seed)) for who, seed in fit]


@given(st.binary(max_size=120))
def test_any_payload_is_rows_or_faults(data: bytes) -> None:
    """Whatever is in the payload shows rows or faults."""
    for line in (written(data), written(field(1, data))):
        assert all(isinstance(row, Row | BadRow) for row in files.read(read, line))
