"""Twin of sidecar/proxy/address.py."""

import asyncio
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from sidecar.proxy.address import Address, addresses
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.upstream import Upstream
from tests.certificates import self_signed
from tests.conformance.http.harness import Application

NO_ADDRESSES = [
    "",
    "app:80",
    "ftp://app",
    "http://",
    "http://app/path",
    "http://app?q",
    "http://app:99999",
    "http://a..b",
    "http://" + "a" * 64,
    "unix:",
    "unix://x/y",
]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_addresses_there_are_not(url: str) -> None:
    """Shows that an address nobody can connect to is a fault of the start, not of a request."""
    with pytest.raises(ValueError, match="upstream shop"):
        addresses(Upstream("shop", ("http://127.0.0.1", url)))


def test_several_addresses() -> None:
    """Shows that each URL is one address, of whatever kind."""
    urls = ("http://127.0.0.1:1", "https://[::1]", "unix:/run/app.sock", "http://shop.test.")
    assert len(addresses(Upstream("app", urls))) == 4
    assert len(addresses(Upstream("app", urls[0]))) == 1


@pytest.mark.parametrize("key", ["ca_file", "client_cert"])
def test_files_are_read_at_start(tmp_path: Path, key: str) -> None:
    """Shows that a file that is missing or none is a fault of the start."""
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    for path in (tmp_path / "no.pem", broken):
        with pytest.raises(OSError, match=r"\S"):
            addresses(Upstream("app", "https://app", **{key: str(path)}))  # type: ignore[arg-type]


def test_an_encrypted_key_asks_nobody(tmp_path: Path) -> None:
    """Shows that a key with a password is a fault, and not a question on the terminal."""
    pem = self_signed(tmp_path).read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    cert = str(tmp_path / "test.pem")
    with pytest.raises(OSError, match=r"\S"):
        addresses(Upstream("app", "https://app", client_cert=cert, client_key=str(locked)))


def test_verification_cannot_be_turned_off() -> None:
    """Shows that no setting leads to a context that does not verify (THREATS 70)."""
    (address,) = addresses(Upstream("app", "https://app"))
    context = address._tls
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


class Early(UpstreamConnection):
    """A connection on which something came before anybody could look."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")


async def test_an_application_that_speaks_first() -> None:
    """Shows that what says something before it is asked is not connected to."""
    app = Application()
    await app.start()
    upstream = Upstream("app", app.url)
    with pytest.raises(ConnectionAbortedError):
        await Address(app.url).connect(lambda: Early(upstream, asyncio.get_running_loop()))
    await app.stop()
