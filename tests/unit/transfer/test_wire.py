"""Protocol buffers on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transfer.wire import Broken, Value, fields


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


@given(
    st.lists(
        st.tuples(
            st.integers(1, (1 << 29) - 1),
            st.integers(0, (1 << 64) - 1) | st.binary(max_size=200),
        )
    )
)
def test_what_is_written_is_read(message: list[tuple[int, Value]]) -> None:
    """Any fields show their numbers and values, in order."""
    assert list(fields(b"".join(field(*item) for item in message))) == message


def test_the_example_of_the_specification() -> None:
    """The two messages that the specification encodes show what it says."""
    assert list(fields(bytes.fromhex("089601"))) == [(1, 150)]
    assert list(fields(bytes.fromhex("120774657374696e67"))) == [(2, b"testing")]


def test_numbers_of_fixed_length_are_passed() -> None:
    """Fields of 64 and 32 bits show their bytes, and what follows."""
    data = b"\x09" + bytes(8) + b"\x15" + bytes(4) + field(3, 1)
    assert list(fields(data)) == [(1, bytes(8)), (2, bytes(4)), (3, 1)]


@pytest.mark.parametrize(
    "broken",
    [
        b"\x08",
        b"\x08\x80",
        b"\x0a",
        b"\x0a\x05abcd",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x09" + bytes(7),
        b"\x0d" + bytes(3),
        b"\x00\x01",
        b"\x0b",
        b"\x0c",
        b"\x0e\x01",
        b"\x08" + b"\xff" * 10,
        b"\x08" + b"\x80" * 10 + b"\x01",
        b"\x08" + b"\xff" * 9 + b"\x02",
    ],
    ids=bytes.hex,
)
def test_what_ends_too_early_or_means_nothing_is_broken(broken: bytes) -> None:
    """Cut off fields, lengths beyond the end and kinds that there are not show as broken."""
    with pytest.raises(Broken):
        list(fields(broken))


@given(st.binary(max_size=100))
def test_any_bytes_are_fields_or_broken(data: bytes) -> None:
    """Whatever comes shows fields, or that it is broken, and nothing else is raised."""
    try:
        found = list(fields(data))
    except Broken:
        return
    assert all(number > 0 for number, _ in found)
