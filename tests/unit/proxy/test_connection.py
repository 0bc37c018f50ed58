"""Twin of sidecar/proxy/connection.py."""

import asyncio
import socket

import pytest

from sidecar.core.errors import UpstreamUnreachable
from sidecar.proxy.connection import INTERIM_MOST, UpstreamConnection
from sidecar.proxy.post import Post
from sidecar.proxy.upstream import Upstream
from tests.conformance.http.harness import OK


def connection(*, head_only: bool = False) -> UpstreamConnection:
    made = UpstreamConnection(Upstream("app", "http://app"), asyncio.get_running_loop())
    made.begin(head_only=head_only)
    return made


async def test_whole_answer() -> None:
    """Shows that head and body come out, however the bytes are cut."""
    for size in (1, 7, 1000):
        made = connection()
        for start in range(0, len(OK), size):
            made.data_received(OK[start : start + size])
        message, payload = await made.answer
        assert (message.code, payload.read_nowait()) == (200, b"ok")


async def test_good_head_with_rubbish() -> None:
    """Shows that a sound answer survives what came glued to it, and the connection does not."""
    made = connection()
    made.data_received(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")
    message, payload = await made.answer
    assert (message.code, payload.at_eof(), made.clean()) == (204, True, False)


@pytest.mark.parametrize(
    "data", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\r\n\r\n\0"]
)
async def test_no_answer(data: bytes) -> None:
    """Shows that rubbish is a failure."""
    made = connection()
    made.data_received(data)
    with pytest.raises(UpstreamUnreachable):
        await made.answer


async def test_interim_answers_end() -> None:
    """Shows that interim answers cannot go on for ever."""
    made = connection()
    made.data_received(b"HTTP/1.1 103 Early Hints\r\n\r\n" * (INTERIM_MOST + 1))
    with pytest.raises(UpstreamUnreachable):
        await made.answer


@pytest.mark.parametrize("status", [b"000", b"099"])
async def test_no_status(status: bytes) -> None:
    """Shows that a number that is no status is no answer, not even an interim one."""
    made = connection()
    made.data_received(b"HTTP/1.1 %b Odd\r\n\r\n" % status)
    with pytest.raises(UpstreamUnreachable):
        await made.answer


async def test_a_failure_spoils_what_was_whole() -> None:
    """Shows that a connection is not used again once its request broke, even behind the answer."""
    ours, theirs = socket.socketpair()
    upstream, loop = Upstream("app", "http://app"), asyncio.get_running_loop()
    _, made = await loop.create_connection(lambda: UpstreamConnection(upstream, loop), sock=ours)
    for broken in (False, True):
        made.begin(head_only=False)
        made.data_received(b"HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n")
        if broken:
            made.fail(UpstreamUnreachable("body broke"))
        assert made.clean() is not broken
    made.drop()
    theirs.close()


async def test_an_answer_before_its_request() -> None:
    """Shows that a connection is not used again whose request has still to go out."""
    ours, theirs = socket.socketpair()
    upstream, loop = Upstream("app", "http://app"), asyncio.get_running_loop()
    _, made = await loop.create_connection(lambda: UpstreamConnection(upstream, loop), sock=ours)
    made.begin(head_only=False)
    Post().take(made, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    made.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert not made.clean()
    made.flush()
    assert made.clean()
    made.drop()
    theirs.close()


async def test_failure_reaches_who_reads_the_body() -> None:
    """Shows that an answer that breaks behind its head breaks its body."""
    made = connection()
    made.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
    _, payload = await made.answer
    made.connection_lost(None)
    with pytest.raises(UpstreamUnreachable):
        payload.read_nowait()


async def test_end_of_connection_ends_a_body_without_length() -> None:
    """Shows that such a body is whole at a regular end and broken at any other."""
    for error in (None, ConnectionResetError()):
        made = connection()
        made.data_received(b"HTTP/1.1 200 OK\r\n\r\npart")
        _, payload = await made.answer
        made.connection_lost(error)
        if error is None:
            assert payload.read_nowait() == b"part"
        else:
            with pytest.raises(UpstreamUnreachable):
                payload.read_nowait()


@pytest.mark.parametrize("what", ["byte", "end", "closed"])
async def test_usable_asks_the_kernel_each_time(what: str) -> None:
    """Shows that a connection is fit for as long as nothing has come, and not a moment longer."""
    ours, theirs = socket.socketpair()
    upstream, loop = Upstream("app", "http://app"), asyncio.get_running_loop()
    _, made = await loop.create_connection(lambda: UpstreamConnection(upstream, loop), sock=ours)
    assert [made.usable() for _ in range(3)] == [True] * 3
    if what == "byte":
        theirs.send(b"x")  # no turn of the loop: only the kernel knows
    elif what == "end":
        theirs.shutdown(socket.SHUT_WR)
    else:
        made.drop()
    assert not made.usable()
    made.drop()
    await asyncio.sleep(0)
    # The number of the closed socket may be another's by now; that one is not asked.
    with socket.socket():
        assert not made.usable()
    theirs.close()
