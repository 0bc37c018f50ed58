"""H8, THREATS 70: an https application proves itself, and nothing goes where nobody wrote it."""

import ssl
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.conformance.http.fronted import certified, fronted, running
from tests.conformance.http.harness import Peer, eventually


async def test_own_authority(tmp_path: Path) -> None:
    """Shows that an application with a certificate of one's own is trusted, and connections to
    it are kept.
    """
    tls, authority = certified(tmp_path, "localhost")
    async with running(1, tls) as (app,):
        for host in ("127.0.0.1", "localhost"):
            url = app.url.replace("http://127.0.0.1", f"https://{host}")
            async with fronted(url, ca_file=authority) as front:
                assert [await front.get() for _ in range(4)] == [(200, b"0")] * 4
        assert len(app.peers) == 2


@pytest.mark.parametrize("case", ["unknown", "other", "expired", "name", "server-name"])
async def test_not_to_be_trusted(tmp_path: Path, case: str) -> None:
    """Shows that an application that cannot prove itself gets no request: 502."""
    tls, ours = certified(tmp_path, "shop.internal", expired=case == "expired")
    _, other = certified(tmp_path, name="other")
    authority = {"unknown": None, "other": other}.get(case, ours)
    host = "localhost" if case == "name" else "127.0.0.1"
    name = "desk.internal" if case == "server-name" else None
    async with running(1, tls) as (app,):
        url = app.url.replace("http://127.0.0.1", f"https://{host}")
        async with fronted(url, ca_file=authority, server_name=name) as front:
            assert await front.get() == (502, b"failed")
        assert app.seen == b""


async def test_server_name(tmp_path: Path) -> None:
    """Shows that a certificate may be issued to another name, which is asked for (SNI)."""
    tls, authority = certified(tmp_path, "shop.internal")
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with running(1, tls) as (app,):
        url = app.url.replace("http://127.0.0.1", "https://localhost")
        async with fronted(url, ca_file=authority, server_name="shop.internal") as front:
            assert await front.get() == (200, b"0")
    assert asked == ["shop.internal"]


async def test_client_certificate(tmp_path: Path) -> None:
    """Shows that we can prove ourselves to the application, which refuses who does not."""
    tls, authority = certified(tmp_path)
    ours = str(self_signed(tmp_path, name="ours"))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(ours)
    async with running(1, tls) as (app,):
        url = app.url.replace("http:", "https:")
        async with fronted(url, ca_file=authority, client_cert=ours) as front:
            assert await front.get() == (200, b"0")
        async with fronted(url, ca_file=authority) as front:
            assert (await front.get())[0] == 502
        assert app.seen.count(b"GET") == 1


async def test_bytes_in_the_kernel_under_tls(tmp_path: Path) -> None:
    """Shows that what an application says unasked under TLS reaches no other visitor."""
    tls, authority = certified(tmp_path)
    async with running(1, tls) as (app,):
        url = app.url.replace("http:", "https:")
        async with fronted(url, ca_file=authority) as front:
            assert await front.get() == (200, b"0")
            await eventually(lambda: front.pool.state()["app"].idle == 1)
            app.peers[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            assert front.pool.idle("app") is None  # no turn of the loop in between
            assert await front.get() == (200, b"0")
            assert len(app.peers) == 2


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that proxies and credentials of the environment are for others."""
    async with running(2) as (app, proxy):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with fronted(app.url) as front:
            assert await front.get() == (200, b"0")
        assert (proxy.peers, b"uthorization" in app.seen) == ([], False)


async def test_redirects_and_cookies_are_the_visitors() -> None:
    """Shows that a redirect is handed on and not followed, and that no cookie is kept."""
    async with running(1) as (app,), fronted(app.url) as front:

        async def script(peer: Peer) -> None:
            while await peer.request():
                peer.send(
                    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: who=ada\r\n"
                    b"Content-Length: 0\r\n\r\n"
                )

        app.script = script
        for _ in range(2):
            answer = await (await front.visitor()).get()
            assert (answer.status, answer.all("Location")) == (302, [b"/elsewhere"])
            asked = await front.pool.ask("app", b"/", (), timeout_s=1, limit_bytes=9)
            assert asked.status == 302
        assert app.seen.count(b"GET / ") == 4
        assert b"elsewhere" not in app.seen
        assert b"ookie" not in app.seen
