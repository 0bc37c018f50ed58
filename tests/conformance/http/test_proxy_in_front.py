"""W6: a proxy in front of us opens tunnels through us as it would to the application."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.http.harness import OK, Peer, Stage, Visitor
from tests.conformance.http.test_websocket import HANDSHAKE, SWITCH, UPGRADE, echo
from tests.world import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
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
}}
"""
pytestmark = [
    pytest.mark.http("W6"),
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]


@asynccontextmanager
async def fronted(folder: Path, stage: Stage) -> AsyncIterator[Visitor]:
    """Run nginx before the stage; a connection to it."""
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, behind=stage.listener.port))
    process = await asyncio.create_subprocess_exec(
        str(NGINX), "-e", str(folder / "error.log"), "-c", str(config), stderr=subprocess.DEVNULL
    )
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(10):
            while writer is None:
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
        yield Visitor(reader, writer)
    finally:
        if writer is not None:
            writer.transport.abort()
        process.terminate()
        await process.wait()


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
