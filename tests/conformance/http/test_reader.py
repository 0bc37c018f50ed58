"""The reference reader that fuzzing is measured by is itself strict and complete."""

import pytest

from tests.conformance.http.corpus import BROKEN_CHUNKS, CHUNKED, FRAMING, LINES, get, post
from tests.conformance.http.reader import Request, read

HOST = (b"Host", b"app.test")
SEMANTIC = {"F10-coding", "F10-length"}
"""Sound by the grammar; refused for what they say."""


@pytest.mark.parametrize("row", [*LINES, *FRAMING])
def test_refusals(row: str) -> None:
    """Shows that it finds no request where there is none beyond doubt."""
    assert read({**LINES, **FRAMING}[row][0])[0] == []


@pytest.mark.parametrize("row", BROKEN_CHUNKS.keys() - SEMANTIC)
def test_chunks(row: str) -> None:
    """Shows that it finds no body in broken chunks."""
    assert read(post(CHUNKED, BROKEN_CHUNKS[row]))[0] == []


def test_requests() -> None:
    """Shows that it finds every request, its fields without framing, and its body."""
    raw = get(b"X:\t1 \r\n") + post(b"Content-Length: 2\r\n", b"hi")
    raw += b"\r\n" + post(CHUNKED, b"2;x\r\nhi\r\n1\r\n!\r\n0\r\nT: t\r\n\r\n")
    assert read(raw) == (
        [
            Request(b"GET", b"/x", (HOST, (b"X", b"1")), b""),
            Request(b"POST", b"/x", (HOST,), b"hi"),
            Request(b"POST", b"/x", (HOST,), b"hi!"),
        ],
        "clean",
    )


def test_every_beginning() -> None:
    """Shows that every beginning of a request is incomplete, never clean and never malformed."""
    raw = post(CHUNKED, b"2\r\nhi\r\n0\r\nT: t\r\n\r\n")
    for end in range(3, len(raw)):
        assert read(raw[:end]) == ([], "incomplete")
    raw = post(b"Content-Length: 2\r\n", b"hi")
    for end in range(3, len(raw)):
        assert read(raw[:end]) == ([], "incomplete")
