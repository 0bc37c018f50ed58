"""W5: a WebSocket that the sidecar ends is closed in the WebSocket's own words, at both ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from sidecar.core.endings import Ending
from sidecar.proxy import tunnel
from sidecar.proxy.arrival import Inbound
from sidecar.proxy.limits import Limits
from sidecar.proxy.verdicts import Forward, Verdict
from tests.conformance.http.frames import (
    BINARY,
    CLOSE,
    MASK,
    TEXT,
    Frame,
    closing,
    frame,
    read_frame,
)
from tests.conformance.http.harness import Peer, Stage, Visitor, eventually, staged
from tests.conformance.http.test_websocket import HANDSHAKE, SWITCH, UPGRADE

LARGE = bytes(range(256)) * 2**14
HELLO = frame(TEXT, b"hello")
HI = frame(TEXT, b"hi", mask=MASK)
End = Callable[[Ending], None]


@dataclass
class Talk:
    """A front whose exchanges can be ended, before an application that says what it is told to."""

    stage: Stage
    running: list[End] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    answer: bytes = SWITCH + HELLO
    _peers: list[Peer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stage.app.script = self._script
        self.stage.judge.verdict = self._judge

    async def _judge(self, _inbound: Inbound) -> Verdict:
        return Watched(self)

    def watch(self, end: End) -> Callable[[], None]:
        self.running.append(end)
        return lambda: self.running.remove(end)

    async def _script(self, peer: Peer) -> None:
        await peer.head()
        answer = self.answer
        self._peers.append(peer)
        await self.opened.wait()
        peer.send(answer)
        await peer.over.wait()

    @property
    def peer(self) -> Peer:
        return self._peers[-1]

    async def knock(self, glued: bytes = b"") -> Visitor:
        """Return a client whose handshake has reached the application."""
        known, visitor = len(self._peers), await self.stage.visitor()
        visitor.send(HANDSHAKE + UPGRADE + glued)
        await eventually(lambda: len(self._peers) > known)
        return visitor

    async def open(self, glued: bytes = b"") -> Visitor:
        """Return a client that has heard `hello`."""
        self.opened.set()
        visitor = await self.knock(glued)
        assert (await visitor.answer()).status == 101
        assert (await read_frame(visitor.reader.readexactly)).payload == b"hello"
        return visitor

    def leave(self) -> None:
        """The application says and hears nothing more."""
        for peer in self._peers:
            peer.over.set()

    def end(self, ending: Ending) -> None:
        for end in tuple(self.running):
            end(ending)

    async def told(self) -> Frame:
        """Return the next frame that the application got."""
        return await read_frame(self.peer.exactly)


class Watched(Forward):
    """A request that can be ended while it is under way."""

    __slots__ = ("_talk",)

    def __init__(self, talk: Talk) -> None:
        super().__init__("app", b"/ws", b"Host: a\r\n")
        self._talk = talk

    def watch(self, end: End) -> Callable[[], None]:
        return self._talk.watch(end)


@asynccontextmanager
async def talking(limits: Limits | None = None) -> AsyncIterator[Talk]:
    async with staged(limits) as stage:
        talk = Talk(stage)
        yield talk
        talk.leave()


def last_words(ending: Ending, *, masked: bool) -> Frame:
    payload = ending.code.to_bytes(2, "big") + ending.text.encode()
    return Frame(CLOSE, payload, masked)


async def heard(visitor: Visitor) -> Frame:
    return await read_frame(visitor.reader.readexactly)


async def part(talk: Talk, visitor: Visitor, ending: Ending) -> None:
    """Both ends are told, answer as they must, and see the connection end."""
    assert await talk.told() == last_words(ending, masked=True)
    assert await heard(visitor) == last_words(ending, masked=False)
    visitor.send(closing(ending.code, mask=MASK))
    assert await visitor.rest() == b""
    talk.peer.send(closing(ending.code))
    assert await talk.peer.some() == b""
    await eventually(lambda: talk.stage.listener.connections == 0)
    await eventually(lambda: talk.running == [])


@pytest.mark.parametrize("ending", [Ending.SESSION_ENDED, Ending.PROOF_TOO_OLD])
async def test_w5_ended_by_the_pipeline(ending: Ending) -> None:
    """Shows 4401 and the reason at both ends, what came before it whole, and nothing behind it."""
    async with talking() as talk:
        visitor = await talk.open(HI)
        assert (await talk.told()).payload == b"hi"
        talk.end(ending)
        talk.peer.send(HELLO)
        visitor.send(HI)
        await part(talk, visitor, ending)


async def test_w5_glued_to_the_handshake_and_cut() -> None:
    """A frame that is half glued to the handshake: shows that it still ends before the Close."""
    async with talking() as talk:
        visitor = await talk.open(HI[:4])
        assert await talk.peer.exactly(4) == HI[:4]
        talk.end(Ending.SESSION_ENDED)
        assert await heard(visitor) == last_words(Ending.SESSION_ENDED, masked=False)
        visitor.send(HI[4:] + HI)
        assert await talk.peer.exactly(len(HI) - 4) == HI[4:]
        assert await talk.told() == last_words(Ending.SESSION_ENDED, masked=True)


async def test_w5_large_message_under_way() -> None:
    """Four megabytes each way cut by a revocation: show that they arrive, and no second message."""
    async with talking() as talk:
        visitor = await talk.open()
        up, down = frame(BINARY, LARGE, mask=MASK), frame(BINARY, LARGE)
        visitor.send(up[:2_000_000])
        talk.peer.send(down[:2_000_000])
        await talk.peer.exactly(1_000_000)
        first = await visitor.reader.readexactly(1_000_000)
        talk.end(Ending.SESSION_ENDED)
        visitor.send(up[2_000_000:] + HI)
        talk.peer.send(down[2_000_000:] + HELLO)
        async with asyncio.timeout(4), asyncio.TaskGroup() as group:
            rest = group.create_task(visitor.reader.readexactly(len(down) - len(first)))
            group.create_task(talk.peer.exactly(len(up) - 1_000_000))
        assert first + rest.result() == down
        assert bytes(talk.peer.seen).endswith(up)
        await part(talk, visitor, Ending.SESSION_ENDED)


async def test_w5_message_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that stalls in a frame: shows that it is told and cut, and the application is cut
    off in the middle of the message, so that nobody can take it for a whole one.
    """
    monkeypatch.setattr(tunnel, "REST_S", 0.02)
    async with talking() as talk:
        visitor = await talk.open(HI[:-1])
        await talk.peer.exactly(len(HI) - 1)
        talk.end(Ending.SESSION_ENDED)
        assert await heard(visitor) == last_words(Ending.SESSION_ENDED, masked=False)
        assert await visitor.rest() == b""
        assert await talk.peer.some() == b""
        await eventually(lambda: talk.running == [])


async def test_w5_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ends that are told and do not answer: show that they are cut after a moment."""
    monkeypatch.setattr(tunnel, "ANSWER_S", 0.02)
    async with talking() as talk:
        visitor = await talk.open()
        talk.end(Ending.SESSION_ENDED)
        assert await visitor.rest() == closing(4401, "session ended")
        assert await talk.told() == last_words(Ending.SESSION_ENDED, masked=True)
        assert await talk.peer.some() == b""


async def test_w5_no_websocket_is_cut() -> None:
    """Ends that speak something else after the handshake: show that the other one is told nothing,
    and that both just lose the connection.
    """
    for up, down in ((b"GET / HTTP/1.1\r\n\r\n", HELLO), (HI, b"hello")):
        async with talking() as talk:
            talk.answer = SWITCH + down
            talk.opened.set()
            visitor = await talk.knock(up)
            assert (await visitor.answer()).status == 101
            await visitor.reader.readexactly(len(down))
            await talk.peer.exactly(len(up))
            talk.end(Ending.SESSION_ENDED)
            assert await visitor.rest() in {b"", closing(4401, "session ended")}
            assert (await talk.peer.some() == b"") == (up != HI)


async def test_w5_revoked_before_the_answer() -> None:
    """A handshake that is not answered yet: shows that no tunnel opens after its session ended."""
    for ending in (Ending.SESSION_ENDED, Ending.PROOF_TOO_OLD):
        async with talking() as talk:
            visitor = await talk.knock()
            talk.end(ending)
            assert await visitor.rest() == b""
            talk.opened.set()
            assert await talk.peer.some() == b""


async def test_w5_age_cuts_no_download() -> None:
    """A handshake answered by a download: shows that the age of the proof does not cut it, while
    the end of the session does.
    """
    async with talking() as talk:
        talk.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
        talk.opened.set()
        visitor = await talk.knock()
        await visitor.reader.readuntil(b"hello")
        talk.end(Ending.PROOF_TOO_OLD)
        talk.peer.send(b" you")
        assert await visitor.reader.readexactly(4) == b" you"
        talk.end(Ending.SESSION_ENDED)
        assert await visitor.rest() == b""


async def test_w5_idle_is_told() -> None:
    """A WebSocket nobody uses: shows that it is closed with 1001 and why."""
    async with talking(Limits(tunnel_idle_s=0.05, sweep_s=0.02)) as talk:
        await part(talk, await talk.open(), Ending.IDLE)


async def test_w5_draining_closes_tunnels_and_nothing_else() -> None:
    """A process about to stop: shows 1001 on its tunnels at once, and on one that opens only now,
    while a download goes on to its end.
    """
    async with talking() as talk:
        visitor = await talk.open()
        first = talk.peer
        talk.opened.clear()
        late = await talk.knock()
        second, talk.answer = talk.peer, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
        download = await talk.knock()
        async with asyncio.timeout(4), asyncio.TaskGroup() as group:
            group.create_task(talk.stage.listener.drain(4))
            assert await heard(visitor) == last_words(Ending.GOING_AWAY, masked=False)
            assert await read_frame(first.exactly) == last_words(Ending.GOING_AWAY, masked=True)
            talk.opened.set()
            await download.reader.readuntil(b"\r\n\r\n")
            await late.reader.readuntil(HELLO)
            assert await heard(late) == last_words(Ending.GOING_AWAY, masked=False)
            assert await read_frame(second.exactly) == last_words(Ending.GOING_AWAY, masked=True)
            talk.peer.send(b"0123456789")
            assert await download.reader.readexactly(10) == b"0123456789"
            for peer, client in ((first, visitor), (second, late)):
                client.send(closing(1001, mask=MASK))
                peer.send(closing(1001))
