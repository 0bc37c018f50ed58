"""Twin of sidecar/proxy/listener.py."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from sidecar.proxy import parser_guard
from sidecar.proxy.limits import Limits
from sidecar.proxy.listener import Listener
from sidecar.proxy.mount import Pages
from sidecar.proxy.pool import Pool
from sidecar.proxy.upstream import Upstream
from tests.certificates import self_signed
from tests.conformance.http.harness import Application, StubJudge, Visitor

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


async def stand(pool: Pool | None = None) -> tuple[Listener, StubJudge]:
    judge = StubJudge()
    pages = Pages(web.Application())
    await pages.start()
    listener = Listener(judge, pool or Pool({}), pages, Limits(sweep_s=0.02), clock=lambda: NOON)
    return listener, judge


async def test_unix_socket(tmp_path: Path) -> None:
    """Shows that the front listens on a unix socket, whose peer has no address."""
    listener, judge = await stand()
    await listener.start_unix(str(tmp_path / "front.sock"))
    visitor = Visitor(*await asyncio.open_unix_connection(tmp_path / "front.sock"))
    answer = await visitor.get("/own")
    assert (answer.body, answer.all("Date")) == (b"own", [b"Mon, 01 Jan 2024 12:00:00 GMT"])
    assert (judge.judged[0].peer, listener.port) == ("", 0)
    visitor.close()
    await listener.drain(1)


async def test_unfit_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that nothing listens with a parser that was not tested."""
    monkeypatch.setattr(parser_guard, "faults", lambda: ("unfit",))
    listener, _ = await stand()
    with pytest.raises(RuntimeError, match="unfit"):
        await listener.start("127.0.0.1", 0)


async def test_tls_both_ways(tmp_path: Path) -> None:
    """Shows that TLS ends here, client certificates are told, and the application's certificate
    is checked (THREATS 70).
    """
    server, authority = certificate(tmp_path)
    server.verify_mode = ssl.CERT_OPTIONAL
    server.load_verify_locations(authority)
    app = Application()
    behind = await asyncio.start_server(app._accept, "127.0.0.1", 0, ssl=server)
    url = f"https://127.0.0.1:{behind.sockets[0].getsockname()[1]}"
    upstreams = {"app": Upstream("app", url, ca_file=authority)}
    pool = Pool(upstreams)
    listener, judge = await stand(pool)
    await listener.start("127.0.0.1", 0, server)
    plain = ssl.create_default_context(cafile=authority)
    verified = ssl.create_default_context(cafile=authority)
    verified.load_cert_chain(authority)
    for context in (plain, verified):
        streams = await asyncio.open_connection("127.0.0.1", listener.port, ssl=context)
        visitor = Visitor(*streams)
        for _ in range(2):
            assert (await visitor.get()).body == b"ok"
        visitor.send(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await visitor.answer()).status == 405
        assert await visitor.rest() == b""
        visitor.close()
    assert [seen.peer_verified for seen in judge.judged] == [False, False, True, True]
    assert all(seen.secure for seen in judge.judged)
    assert len(app.peers) == 1
    await listener.close()
    await pool.close()
    await _stranger_is_not_trusted(url)
    behind.close()


async def _stranger_is_not_trusted(url: str) -> None:
    pool = Pool({"app": Upstream("app", url)})
    listener, _ = await stand(pool)
    await listener.start("127.0.0.1", 0)
    visitor = Visitor(*await asyncio.open_connection("127.0.0.1", listener.port))
    assert (await visitor.get()).status == 502
    visitor.close()
    await listener.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return a server's context and the file that trusts it, key included."""
    path = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, str(path)
