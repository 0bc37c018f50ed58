"""A proxy that ends TLS in front of us: real nginx, and what may change because of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.certificates import self_signed
from tests.conformance.http.visitor import Answer, Visitor
from tests.nginx import needs_nginx, nginx
from tests.world import World, free_port, world

SERVER = """
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/test.pem; ssl_certificate_key {folder}/test.pem;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
"""


@asynccontextmanager
async def fronted(folder: Path, place: World) -> AsyncIterator[int]:
    """Run nginx with TLS in front of the sidecar; the port it listens on."""
    port = free_port()
    behind = place.base.rpartition(":")[2]
    self_signed(folder, "app.test")
    async with nginx(folder, SERVER.format(folder=folder, port=port, behind=behind), port):
        yield port


async def over_tls(port: int, *fields: str, target: str) -> Answer:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        return await Visitor(reader, writer).get(target, *fields)
    finally:
        writer.transport.abort()


@needs_nginx
async def test_nginx_in_front(tmp_path: Path) -> None:
    """TLS that ends before us shows secure cookies, https addresses and the visitor's address."""
    trusted = {"public": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"]}
    async with (
        world(tmp_path, changes={"listen": trusted}) as place,
        fronted(tmp_path, place) as port,
    ):
        await over_tls(port, "X-Forwarded-For: 6.6.6.6, 10.0.0.1", target="/open/x?a=%2f")
        seen = place.application.seen[-1]
        assert seen.target == "/open/x?a=%2f"
        assert seen.all("X-Forwarded-Proto") == ["https"]
        # nginx added 127.0.0.1, which is trusted here, so that what it was told is read on.
        assert seen.all("X-Forwarded-For") == ["10.0.0.1"]
        answer = await over_tls(port, "Sec-Fetch-Mode: navigate", target="/x")
        assert answer.all("Location") == [b"https://app.test/login"]
        ada = place.visitor()
        await ada.sign_in("ada")
        fields = [f"Cookie: app={ada.cookies['app']}", "Sec-Fetch-Mode: navigate"]
        answer = await over_tls(port, *fields, target="/x")
        [cookie] = answer.all("Set-Cookie")
        assert cookie.startswith(b"__Host-sidecar=")
        assert b"; Secure; HttpOnly" in cookie
        assert answer.all("Location")[0].startswith(b"https://app.test/_sidecar/enroll?")
        for dotted in ("/open/../x", "/open/%2e%2e/x", "//x", "/open/..;/x", "/OPEN/../x"):
            assert (await over_tls(port, target=dotted)).status in {400, 401}
        assert "GET /x" not in place.application.reached


async def test_plain_http_to_us(tmp_path: Path) -> None:
    """A plain connection to an https origin shows that the origin decides, not the connection."""
    async with world(tmp_path) as place:
        browser = place.visitor()
        await browser.sign_in("ada")
        for spoof in ({}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Ssl": "off"}):
            page = await browser.send("GET", "/x", headers={"Sec-Fetch-Mode": "navigate", **spoof})
            assert page.location.startswith("https://app.test/")
            assert "Secure" in page.headers.get("Set-Cookie", "Secure")


async def test_http_origin_has_plain_cookies(tmp_path: Path) -> None:
    """An http origin on localhost shows plain cookies, which browsers would else refuse."""
    port = free_port()
    changes = {"public": [f"http://localhost:{port}"]}
    async with world(tmp_path, changes=changes, port=port) as place:
        browser = place.visitor()
        await browser.enroll("ada")
        assert {"sidecar", "sidecar-known"} <= browser.cookies.keys()
        assert not [name for name in browser.cookies if name.startswith("__")]
        assert (await browser.fetch("/x")).status == 200
        assert place.application.seen[-1].all("Cookie") == [f"app={browser.cookies['app']}"]
