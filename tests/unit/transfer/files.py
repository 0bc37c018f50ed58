"""Files in memory, what comes of them, and people and seeds of every kind."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import BinaryIO

from hypothesis import strategies as st

from sidecar.core.seeds import ALGORITHMS, Portable, Seed
from sidecar.transfer.rows import BadRow, Read, Row

SECRET = b"12345678901234567890"
"""Source: RFC 4226 appendix D, RFC 6238 appendix B and the examples of RFC 6030."""
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
SEED = Seed(SECRET)

VISIBLE = st.characters(codec="utf-8", categories=["L", "N", "P", "S"])
SEEDS = st.builds(
    Seed,
    st.binary(min_size=1, max_size=128),
    st.sampled_from(ALGORITHMS),
    st.integers(6, 8),
    st.integers(1, 3600),
)
USER_IDS = st.text(VISIBLE, min_size=1, max_size=60)

Reader = Callable[[BinaryIO], Iterator[Read]]


def read(reader: Reader, data: bytes | str) -> list[Read]:
    return list(reader(BytesIO(data.encode() if isinstance(data, str) else data)))


def one(reader: Reader, data: bytes | str) -> Portable:
    """Return the authenticator of a file that holds this one alone."""
    (row,) = read(reader, data)
    assert isinstance(row, Row), row
    return row.portable


def fault(reader: Reader, data: bytes | str) -> str:
    """Return what is wrong with a file that has one fault and nothing else."""
    (row,) = read(reader, data)
    assert isinstance(row, BadRow), row
    return row.why
