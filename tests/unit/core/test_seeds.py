"""Seeds on their way."""

import hashlib
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.seeds import ALGORITHMS, Algorithm, Seed, base32, hotp, parameters, uri

SECRET = bytes.fromhex("48656c6c6f21deadbeef")
"""Source: the example of the Key URI Format."""


def test_nobody_sees_a_secret() -> None:
    """The text of a seed shows how codes are made, and not from what."""
    assert repr(Seed(SECRET)) == "Seed(algorithm='SHA1', digits=6, period_s=30)"


def test_the_example_of_the_format() -> None:
    """The secret of the published example shows in its published spelling."""
    assert base32(SECRET) == "JBSWY3DPEHPK3PXP"
    assert base32(SECRET[:9]) == "JBSWY3DPEHPK3PQ"
    assert uri(Seed(SECRET), "Example", "alice@google.com") == (
        "otpauth://totp/Example:alice%40google.com?secret=JBSWY3DPEHPK3PXP&issuer=Example"
        "&algorithm=SHA1&digits=6&period=30"
    )


@given(
    st.binary(min_size=16, max_size=128),
    st.integers(0, 2**40),
    st.sampled_from(ALGORITHMS),
    st.sampled_from([6, 8]),
)
def test_codes_are_those_that_others_make(
    secret: bytes, counter: int, algorithm: Algorithm, digits: int
) -> None:
    """Any seed and counter show the code that an independent implementation makes of them."""
    other = pyotp.HOTP(base32(secret), digits=digits, digest=getattr(hashlib, algorithm.lower()))
    assert hotp(secret, counter, algorithm, digits) == other.at(counter)


def test_who_issued_it_need_not_be_known() -> None:
    """A seed without an issuer shows a label of one part, and no issuer that is empty."""
    assert uri(Seed(SECRET), "", "alice").startswith("otpauth://totp/alice?secret=")
    assert "issuer" not in parameters(Seed(SECRET), "")


SEEDS = st.builds(
    Seed,
    st.binary(min_size=14, max_size=64),
    st.sampled_from(ALGORITHMS),
    st.sampled_from([6, 8]),
    st.integers(15, 120),
)
NAMES = st.text(st.characters(exclude_characters=":", codec="utf-8"), min_size=1)


@given(seed=SEEDS, issuer=NAMES, account=NAMES)
def test_another_reader_finds_what_was_written(seed: Seed, issuer: str, account: str) -> None:
    """Any seed and names show that a library of others reads them out of the URI."""
    written = uri(seed, issuer, account)
    assert unquote(urlsplit(written).path[1:]).split(":") == [issuer, account]
    assert parse_qs(urlsplit(written).query)["issuer"] == [issuer]
    read = pyotp.parse_uri(written)
    assert isinstance(read, pyotp.TOTP)
    assert (read.byte_secret(), read.digits, read.interval) == (
        seed.secret,
        seed.digits,
        seed.period_s,
    )
    assert read.digest().name == seed.algorithm.lower()
