"""Twin of sidecar/proxy/heads.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy import heads
from sidecar.proxy.faults import UnsafeHead
from sidecar.proxy.framing import Refusal
from sidecar.proxy.headers import block
from sidecar.proxy.verdicts import Reply
from tests.unit.proxy.requests import raw

DATE = b"Mon, 01 Jan 2024 00:00:00 GMT"
FIELDS = st.lists(st.tuples(st.binary(min_size=1), st.binary()), max_size=4)


@given(target=st.binary(), fields=FIELDS)
def test_a_head_is_one_head(target: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    """Shows that whatever goes into a head, it has one line per field and ends once, or is none."""
    try:
        head = heads.request_head("GET", target, block(fields))
    except UnsafeHead:
        return
    assert head.split(b"\r\n") == [
        b"GET %b HTTP/1.1" % target,
        *(b"%b: %b" % field for field in fields),
        b"",
        b"",
    ]
    assert head.count(b"\n") == head.count(b"\r") == len(fields) + 2


@given(control=st.sampled_from([b"\r", b"\n", b"\0", b"\x7f", b"\r\n", b"\x0b"]))
def test_controls_are_never_written(control: bytes) -> None:
    """Shows that a control byte in a target, name or value makes no head at all."""
    with pytest.raises(UnsafeHead):
        heads.request_head("GET", b"/" + control, b"")
    for field in ((b"X" + control, b"1"), (b"X", control)):
        with pytest.raises(UnsafeHead):
            block((field,))
        with pytest.raises(UnsafeHead):
            heads.answer_fields((field,))
        with pytest.raises(UnsafeHead):
            heads.reply_head(Reply(200, (field,)), date=DATE, connection=b"")


def test_framing_is_ours() -> None:
    """Shows that a request says where it ends in our words."""
    head = heads.request_head("POST", b"/", b"X: 1\r\n", heads.CHUNKED)
    assert head == b"POST / HTTP/1.1\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_nomination_spares_what_protects() -> None:
    """Shows that `Connection` removes what it names but framing and the visitor's protection."""
    kept = raw("Set-Cookie: a=1", "Cache-Control: no-store")
    fields = (*raw("Connection: close, x-hop ,Set-Cookie,Cache-Control", "X-Hop: 1"), *kept)
    assert heads.end_to_end(fields) == kept
    assert heads.answer_fields(fields)[0] == block(kept)


def test_every_nomination_counts() -> None:
    """Shows that what any `Connection` of an answer names is gone, whatever it is called."""
    fields = raw("Connection: X-A", "X-A: 1", "connection: x-auth-b, close", "X-Auth-B: 2", "C: 3")
    assert heads.end_to_end(fields) == raw("C: 3")
    assert heads.answer_fields(fields)[0] == b"C: 3\r\n"


def test_a_space_behind_a_name() -> None:
    """Shows that an answer ends here if clients would disagree about what a field is called."""
    with pytest.raises(UnsafeHead):
        heads.answer_fields(raw("Content-Length : 3"))


def test_what_would_speak_for_us() -> None:
    """Shows that an application sets no cookie of ours, and no header in our name."""
    fields = raw("X-Sidecar-Subject: eve", "Set-Cookie: sidecar=1", "Set-Cookie: a=1", "E: 1")
    assert heads.answer_fields(fields)[0] == b"Set-Cookie: a=1\r\nE: 1\r\n"


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ([], "private"),
        (["public"], "private"),
        (["no-store"], "private, no-store"),
        (["Public, max-age=1", "s-maxage=9, no-transform"], "private, max-age=1, no-transform"),
        (['private="a", no-cache="b, c"'], 'private, no-cache="b, c"'),
        ([" , ,"], "private"),
    ],
)
def test_private(sent: list[str], left: str) -> None:
    """Shows directives for shared caches gone, all others as they were, and one field of them."""
    fields = raw("A: 1", *(f"Cache-Control: {value}" for value in sent), "Edge-Control: x")
    made, _ = heads.answer_fields(fields, private=True)
    assert made == b"A: 1\r\nCache-Control: %b\r\n" % left.encode()
    assert heads.answer_fields(fields)[0] == block(fields)


def test_reply() -> None:
    """Shows that our own answers carry length, date and connection, but no length without body."""
    reply = Reply(200, ((b"X", b"1"),), b"four")
    assert heads.reply_head(reply, date=DATE, connection=heads.CLOSE) == (
        b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 4\r\nDate: %b\r\nConnection: close\r\n\r\n"
        % DATE
    )
    assert b"Content-Length" not in heads.reply_head(Reply(304), date=DATE, connection=b"")
    assert heads.reply_head(Reply(299), date=DATE, connection=b"").startswith(b"HTTP/1.1 299 \r\n")


def test_refusal_names_allowed_methods() -> None:
    """Shows that a 405 says what is allowed, and a refusal is a whole problem document."""
    answer = heads.refusal(Refusal(405, b"GET"), date=DATE)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Allow: GET" in head.split(b"\r\n")
    assert body == b'{"type": "about:blank", "title": "Method Not Allowed", "status": 405}'
    assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
