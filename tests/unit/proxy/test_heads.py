"""Twin of sidecar/proxy/heads.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy import heads
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.framing import Refusal
from sidecar.proxy.verdicts import Reply

DATE = b"Mon, 01 Jan 2024 00:00:00 GMT"
FIELDS = st.lists(st.tuples(st.binary(min_size=1), st.binary()), max_size=4)


@given(target=st.binary(), fields=FIELDS)
def test_a_head_is_one_head(target: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    """Shows that whatever goes into a head, it has one line per field and ends once, or is none."""
    kept = [field for field in fields if field[0].lower() not in heads._FRAMING]
    try:
        head = heads.request_head("GET", target, tuple(fields))
    except UnsafeHead:
        return
    assert head.split(b"\r\n") == [
        b"GET %b HTTP/1.1" % target,
        *(b"%b: %b" % field for field in kept),
        b"",
        b"",
    ]
    assert head.count(b"\n") == head.count(b"\r") == len(kept) + 2


@given(control=st.sampled_from([b"\r", b"\n", b"\0", b"\x7f", b"\r\n", b"\x0b"]))
def test_controls_are_never_written(control: bytes) -> None:
    """Shows that a control byte in a target, name or value makes no head at all."""
    for target, fields in (
        (b"/" + control, ()),
        (b"/", ((b"X" + control, b"1"),)),
        (b"/", ((b"X", control),)),
    ):
        with pytest.raises(UnsafeHead):
            heads.request_head("GET", target, fields)
    with pytest.raises(UnsafeHead):
        heads.reply_head(Reply(200, ((b"X", control),)), date=DATE, connection=())


def test_our_framing_replaces_theirs() -> None:
    """Shows that a request cannot carry two opinions on where it ends."""
    fields = ((b"content-length", b"5"), (b"X", b"1"), (b"Transfer-Encoding", b"gzip"))
    head = heads.request_head("POST", b"/", fields, (heads.CHUNKED,))
    assert head == b"POST / HTTP/1.1\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_nomination_spares_what_protects() -> None:
    """Shows that `Connection` removes what it names but framing and the visitor's protection."""
    fields = (
        (b"Connection", b"close, x-hop ,Set-Cookie,Cache-Control"),
        (b"X-Hop", b"1"),
        (b"Set-Cookie", b"a=1"),
        (b"Cache-Control", b"private"),
    )
    assert heads.end_to_end(fields) == fields[2:]


def test_reply() -> None:
    """Shows that our own answers carry length, date and connection, but no length without body."""
    reply = Reply(200, ((b"X", b"1"),), b"four")
    assert heads.reply_head(reply, date=DATE, connection=(heads.CLOSE,)) == (
        b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 4\r\nDate: %b\r\nConnection: close\r\n\r\n"
        % DATE
    )
    assert b"Content-Length" not in heads.reply_head(Reply(304), date=DATE, connection=())
    assert heads.reply_head(Reply(299), date=DATE, connection=()).startswith(b"HTTP/1.1 299 \r\n")


def test_refusal_names_allowed_methods() -> None:
    """Shows that a 405 says what is allowed, and a refusal is a whole problem document."""
    answer = heads.refusal(Refusal(405, b"GET"), date=DATE)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Allow: GET" in head.split(b"\r\n")
    assert body == b'{"type": "about:blank", "title": "Method Not Allowed", "status": 405}'
    assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
