"""W6: a proxy in front of us opens tunnels through us as it would to the application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.http.harness import OK, Peer, Stage, Visitor
from tests.conformance.http.test_websocket import HANDSHAKE, SWITCH, UPGRADE, echo
from tests.nginx import needs_nginx, nginx
from tests.world import free_port

SERVER = """
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
"""
pytestmark = [pytest.mark.http("W6"), needs_nginx]


@asynccontextmanager
async def fronted(folder: Path, stage: Stage) -> AsyncIterator[Visitor]:
    """Run nginx before the stage; a connection to it."""
    port = free_port()
    async with nginx(folder, SERVER.format(port=port, behind=stage.listener.port), port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield Visitor(reader, writer)
        finally:
            writer.transport.abort()


@pytest.mark.http("W2", "W4")
async def test_tunnel(stage: Stage, tmp_path: Path) -> None:
    """Shows that a handshake through nginx reaches the application whole, and that bytes, those
    glued to it included, come back equal.
    """
    stage.app.script = echo
    data = bytes(range(256)) * 4000
    async with fronted(tmp_path, stage) as visitor:
        visitor.send(HANDSHAKE + UPGRADE)
        answer = await visitor.answer()
        assert answer.status == 101
        assert answer.all("Set-Cookie") == [b"a=1", b"b=2"]
        assert answer.all("Sec-WebSocket-Accept") == [b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
        visitor.send(data)
        async with asyncio.timeout(4):
            assert await visitor.reader.readexactly(len(data)) == data
    head = bytes(stage.app.peers[0].seen).partition(b"\r\n\r\n")[0]
    for field in HANDSHAKE.split(b"\r\n")[2:-1]:
        assert field in head.split(b"\r\n")
    assert SWITCH.startswith(answer.head[:12])


@pytest.mark.http("W1", "W2")
@pytest.mark.threat(65)
async def test_no_tunnel(stage: Stage, tmp_path: Path) -> None:
    """Shows that a handshake which is denied, or declined, opens nothing through nginx either."""

    async def script(peer: Peer) -> None:
        while head := await peer.request():
            declined = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
            peer.send(declined if b"Upgrade" in head else OK)

    stage.app.script = script
    async with fronted(tmp_path, stage) as visitor:
        visitor.send(HANDSHAKE.replace(b"/ws", b"/deny") + UPGRADE)
        assert (await visitor.answer()).body == b"denied"
        visitor.send(HANDSHAKE + UPGRADE)
        assert (await visitor.answer()).body == b"no"
        assert (await visitor.get()).body == b"ok"
    assert b"/deny" not in stage.app.seen
