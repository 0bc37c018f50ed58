"""Twin of sidecar/proxy/frames.py."""

from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy.frames import HEAD_MOST, Frames, close_frame
from tests.conformance.http.frames import frame

MASK = b"\x01\x80\xff\x3c"

sizes = st.sampled_from((0, 1, 125, 126, 127, 65535, 65536)) | st.integers(0, 300)
data_frames = st.builds(
    frame,
    st.sampled_from((0x0, 0x1, 0x2)),
    sizes.map(bytes),
    final=st.booleans(),
    rsv=st.integers(0, 7),
)
control_frames = st.builds(frame, st.sampled_from((0x9, 0xA)), st.integers(0, 125).map(bytes))
sequences = st.lists(data_frames | control_frames, max_size=6)


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(at)]


@given(sequences, st.lists(st.integers(0, 2**20), max_size=40))
def test_any_split_has_the_same_boundaries(frames: list[bytes], cuts: list[int]) -> None:
    """Valid frames however cut: shows that it is at a boundary exactly behind each frame."""
    data, ends = b"".join(frames), {0, *accumulate(map(len, frames))}
    follower, at = Frames(masked=False), 0
    for piece in pieces(data, cuts):
        follower.follow(piece)
        at += len(piece)
        assert follower.at_boundary == (at in ends)
    assert (follower.sure, follower.closed, follower.at_boundary) == (True, False, True)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=4), st.integers(1, 20))
def test_byte_by_byte_behind_masks(lengths: list[int], step: int) -> None:
    """Masked frames in small steps: shows that the mask belongs to the head."""
    frames = [frame(0x2, bytes(size), mask=MASK) for size in lengths]
    data, ends = b"".join(frames), {*accumulate(map(len, frames))}
    follower = Frames(masked=True)
    for at in range(0, len(data), step):
        follower.follow(data[at : at + step])
        assert follower.at_boundary == (min(at + step, len(data)) in ends)


@given(st.lists(sizes, min_size=1, max_size=5), st.data())
def test_finish_stops_behind_the_frame_under_way(lengths: list[int], draw: st.DataObject) -> None:
    """Bytes of several frames: shows that only the first one's end is taken from them."""
    frames = [frame(0x2, bytes(size)) for size in lengths]
    head = draw.draw(st.integers(1, len(frames[0])))
    data = b"".join(frames)
    follower = Frames(masked=False)
    follower.follow(data[:head])
    if follower.at_boundary:
        return
    assert follower.finish(data[head:]) == len(frames[0]) - head
    assert follower.at_boundary


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"\x81\x05hello", True),
        (frame(0x1, b"hello", mask=MASK), False),
        (b"\x83\x00", False),
        (b"\x8b\x00", False),
        (b"\x09\x00", False),
        (b"\x88\x7e\x01\x00" + bytes(256), False),
        (b"\x82\x7f" + b"\xff" * 8, False),
    ],
    ids=["http", "unmasked", "masked", "op3", "op11", "part-of-ping", "long-close", "2^63"],
)
def test_what_is_no_websocket(raw: bytes, *, masked: bool) -> None:
    """Bytes that are no frames of this direction: shows that there never is a boundary again."""
    for step in (1, 7, len(raw)):
        follower = Frames(masked=masked)
        for at in range(0, len(raw), step):
            follower.follow(raw[at : at + step])
        assert not follower.sure
        follower.follow(frame(0x1, b"x", mask=MASK if masked else None))
        assert not follower.at_boundary


def test_close_is_seen() -> None:
    """A Close frame in two parts: shows that it counts from its head on, and ends like any."""
    follower = Frames(masked=False)
    raw = close_frame(1000, "bye")
    follower.follow(frame(0x1, b"x") + raw[:2])
    assert (follower.closed, follower.at_boundary) == (True, False)
    follower.follow(raw[2:])
    assert (follower.closed, follower.at_boundary) == (True, True)


class Untouchable(bytes):
    """Bytes whose content nobody may look at."""

    def __getitem__(self, key: object) -> Never:
        raise AssertionError(key)

    def __iter__(self) -> Never:
        raise AssertionError


def test_payload_is_not_looked_at() -> None:
    """Four gigabytes in reads of a megabyte: shows that they are counted, not read or copied."""
    follower, read = Frames(masked=False), Untouchable(2**20)
    follower.follow(b"\x82\x7f" + (2**32).to_bytes(8, "big"))
    for _ in range(2**12):
        assert not follower.at_boundary
        follower.follow(read)
    assert follower.at_boundary


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("reason", ["", "session ended", "ü" * 61 + "x"])
def test_close_frame(mask: bytes | None, reason: str) -> None:
    """Shows that a Close frame carries code and reason, masked where a client would."""
    raw = close_frame(4401, reason, mask=mask)
    assert raw == frame(0x8, (4401).to_bytes(2, "big") + reason.encode(), mask=mask)
    assert len(raw) <= HEAD_MOST + 125
    follower = Frames(masked=mask is not None)
    follower.follow(raw)
    assert follower.closed
    assert follower.at_boundary


def test_close_frame_too_long() -> None:
    """A reason of 124 bytes shows that it is refused, not cut in the middle of a letter."""
    with pytest.raises(ValueError, match="123 bytes"):
        close_frame(1000, "ü" * 62)
