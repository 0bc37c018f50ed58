"""Calls to the outside: where they may go, what they may carry, and what a failure says."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.core.protocols import Asked, RawHeaders
from sidecar.outside import ANSWER_BYTES, Outside
from tests.certificates import self_signed
from tests.vendors.names import Names, NoAnswer, server_tls, trusting
from tests.vendors.peer import Heard, Mishap, Peer, answer, listening

ENOUGH_S = 5.0
SOON_S = 0.2
"""Long enough to connect to our own machine, and waited for where nothing comes."""


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with listening() as peer:
        yield peer


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as outside:
        yield outside


async def why(
    outside: Outside, url: str, *headers: tuple[bytes, bytes], timeout_s: float = ENOUGH_S
) -> Undelivered:
    """Return why a call to our own machine fails."""
    with pytest.raises(DeliveryFailed) as failed:
        await outside("POST", url, headers, b"code 123456", timeout_s=timeout_s, private=True)
    assert failed.value.__cause__ is None
    assert "127.0.0.1" not in str(failed.value)
    return failed.value.why


async def get(outside: Outside, url: str, *headers: tuple[bytes, bytes]) -> Asked:
    return await outside("GET", url, headers, timeout_s=ENOUGH_S, private=True)


async def test_inside_is_reached_where_it_is_allowed(outside: Outside, peer: Peer) -> None:
    """The same address with and without leave shows that only leave opens it."""
    assert (await get(outside, f"{peer.url}/a%2Fb?c=%41")).body == b"welcome"
    assert peer.heard[0].target == "/a%2Fb?c=%41"
    with pytest.raises(DeliveryFailed):
        await outside("GET", peer.url, timeout_s=ENOUGH_S)
    assert peer.connections == 1


@pytest.mark.conforms("ASVS-12.3.2", "ASVS-12.3.1", "NIST-OBA-1")
async def test_certificates_are_verified(tmp_path: Path, outside: Outside) -> None:
    """Certificates of nobody, of another name and of yesterday show that nothing is sent there."""
    right = self_signed(tmp_path, "api.test", name="right")
    stale = self_signed(tmp_path, "api.test", name="stale", expired=True)
    names = Names(("127.0.0.1",))
    for served, trusted, host in (
        (right, self_signed(tmp_path, name="other"), "api.test"),
        (right, right, "other.test"),
        (stale, stale, "api.test"),
    ):
        async with (
            listening(tls=server_tls(served)) as peer,
            Outside(trust=trusting(trusted), resolver=names) as called,
        ):
            assert await why(called, f"https://{host}:{peer.port}/") is Undelivered.UNAVAILABLE
            assert await why(outside, f"https://127.0.0.1:{peer.port}/") is Undelivered.UNAVAILABLE
            assert peer.heard == []
    async with (
        listening(tls=server_tls(right)) as peer,
        Outside(trust=trusting(right), resolver=names) as called,
    ):
        assert (await get(called, f"https://api.test:{peer.port}/")).status == 200


@pytest.mark.conforms("ASVS-15.3.2")
async def test_redirects_are_answers(outside: Outside, peer: Peer) -> None:
    """Every kind of redirect shows that it is returned, and not followed."""
    for status in (301, 302, 303, 307, 308):
        peer.next_up.append(answer(status, "", f"Location: {peer.url}/elsewhere"))
        assert (await get(outside, peer.url)).status == status
    assert [heard.target for heard in peer.heard] == ["/"] * 5


async def test_calls_have_nothing_of_each_other(
    outside: Outside, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cookies, connections, proxies and netrc of the environment show that none is used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    peer.next_up.append(answer(200, "", "Set-Cookie: a=b; Path=/", "Connection: keep-alive"))
    await get(outside, peer.url)
    await get(outside, peer.url)
    assert peer.connections == 2
    assert [heard.header("Cookie") for heard in peer.heard] == ["", ""]
    told = {name for name, _ in peer.heard[1].headers}
    assert told <= {"Host", "Accept-Encoding", "User-Agent", "Connection"}


@pytest.mark.parametrize(
    "header",
    [
        *((b"X-A", b"1\r\nX-B: 2"), (b"X-A", b"1\nX-B: 2"), (b"X-A", b"1\0"), (b"X-A", b"\xff")),
        *((b"X A", b"1"), (b"X-A:", b"1"), (b"", b"1"), (b"X\r\nB", b"1"), (b"X-A", b" 1")),
        *((b"Host", b"other"), (b"content-length", b"0"), (b"Transfer-Encoding", b"chunked")),
    ],
)
async def test_headers_stay_single(
    outside: Outside, peer: Peer, header: tuple[bytes, bytes]
) -> None:
    """Headers that would end early or frame another request show that nothing is sent."""
    assert await why(outside, peer.url, header) is Undelivered.UNAVAILABLE
    assert peer.connections == 0


async def test_headers_arrive_as_given(outside: Outside, peer: Peer) -> None:
    """Repeated names and our own defaults show that what is given goes out, in order."""
    headers: RawHeaders = ((b"X-A", b"1"), (b"X-A", b"2"), (b"User-Agent", b"me"), (b"X-E", b""))
    await get(outside, peer.url, *headers)
    assert peer.heard[0].header("X-A") == "1, 2"
    assert peer.heard[0].header("User-Agent") == "me"
    with pytest.raises(DeliveryFailed):
        await outside("GE T", peer.url, timeout_s=1, private=True)


@pytest.mark.parametrize(
    "said",
    [
        *(Mishap.HANG_UP, Mishap.SILENCE, Mishap.DRIP, Mishap.CUT),
        *(
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 999999 x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na b\r\n\r\n",
        ),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        answer(200, b"x" * (ANSWER_BYTES + 1)),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (ANSWER_BYTES + 1),
    ],
)
async def test_once_sent_a_missing_answer_is_unsure(
    outside: Outside, peer: Peer, said: Mishap | bytes
) -> None:
    """Answers that are late, cut, malformed or too long show that the call may have counted."""
    await get(outside, peer.url)
    peer.next_up.append(said)
    timeout_s = SOON_S if said in {Mishap.SILENCE, Mishap.DRIP} else ENOUGH_S
    assert await why(outside, peer.url, timeout_s=timeout_s) is Undelivered.UNSURE
    assert len(peer.heard) == 2


async def test_unsent_is_known(outside: Outside, peer: Peer) -> None:
    """Nobody there, no name, and no handshake show that the call surely did not count."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"https://127.0.0.1:{port}/"
        assert await why(outside, url, timeout_s=SOON_S) is Undelivered.UNAVAILABLE
    assert await why(outside, f"http://127.0.0.1:{port}/") is Undelivered.UNAVAILABLE
    assert await why(outside, "http://nobody.invalid/") is Undelivered.UNAVAILABLE
    async with Outside(resolver=NoAnswer(("127.0.0.1",))) as waiting:
        url = f"http://name.test:{peer.port}/"
        assert await why(waiting, url, timeout_s=SOON_S) is Undelivered.UNAVAILABLE


async def test_nothing_is_begun_while_stopping(peer: Peer) -> None:
    """A client that is closed shows that what was begun is unsure, and nothing new is sent."""
    async with Outside() as outside, asyncio.TaskGroup() as group:
        peer.next_up.append(Mishap.SILENCE)
        begun = group.create_task(why(outside, peer.url))
        while not peer.heard:
            await asyncio.wait({begun}, timeout=0.001)
        await outside.__aexit__(None, None, None)
    assert begun.result() is Undelivered.UNSURE
    assert await why(outside, peer.url) is Undelivered.UNAVAILABLE
    assert len(peer.heard) == 1


async def test_answers_are_whole_up_to_the_limit(outside: Outside, peer: Peer) -> None:
    """A long answer in many pieces shows that it comes whole, and packed ones stay packed."""
    long = b"x" * ANSWER_BYTES
    chunks = b"".join(b"400\r\n" + b"x" * 1024 + b"\r\n" for _ in range(64)) + b"0\r\n\r\n"
    peer.next_up += (
        answer(200, long),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
        answer(200, b"\x1f\x8b", "Content-Encoding: gzip"),
    )
    assert [(await get(outside, peer.url)).body for _ in range(3)] == [long, long, b"\x1f\x8b"]


async def test_many_at_once(outside: Outside) -> None:
    """Many calls at the same time show that each gets its own answer."""

    def echo(heard: Heard) -> bytes:
        return answer(200, heard.target)

    async with listening(echo) as peer, asyncio.TaskGroup() as group:
        tasks = [group.create_task(get(outside, f"{peer.url}/{n}")) for n in range(50)]
        await asyncio.wait(tasks)
    assert [task.result().body for task in tasks] == [f"/{n}".encode() for n in range(50)]
