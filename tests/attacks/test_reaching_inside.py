"""A URL leads inside: to metadata services, to neighbours, to ourselves."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.outside import Outside, is_public
from tests.certificates import self_signed
from tests.vendors.names import Names, server_tls, trusting
from tests.vendors.peer import listening

ENOUGH_S = 5.0

INSIDE = (
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:a00:1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::1"),
    *("2001:db8::1", "3fff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fd00:ec2::254", "ff02::1"),
    *("100::1", "5f00::1", "4000::1", "localhost", "127.1", "2130706433", "0x7f.1", ""),
)
PUBLIC = ("8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.conforms("ASVS-1.3.6")
def test_which_addresses_are_public() -> None:
    """Addresses of every special kind, also inside others, show that only the internet's pass."""
    assert [address for address in INSIDE if is_public(address)] == []
    assert [address for address in PUBLIC if not is_public(address)] == []


@pytest.mark.conforms("ASVS-1.3.6")
@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::]"),
        *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "0"),
        *("169.254.169.254", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fe80::1%25lo]"),
        *("api.example.com@127.0.0.1", "127.0.0.1:80@127.0.0.1", "127.0.0.1%2f@example.com"),
        *("127.0.0.1#example.com", "127.0.0.1\\@example.com", "%31%32%37.0.0.1", "①②⑦.0.0.1"),
        *("127。0。0。1", "127.0.0.1\t", "127.0.0.1\r\nHost: a", "", "[127.0.0.1]", "[::1"),
    ],
)
async def test_nothing_inside_is_reached(tmp_path: Path, host: str) -> None:
    """Spellings of our own machine show that none is connected to, whatever the URL calls it."""
    certificate = self_signed(tmp_path, "localhost")
    async with (
        listening(tls=server_tls(certificate)) as peer,
        Outside(trust=trusting(certificate)) as outside,
    ):
        for url in (f"https://{host}:{peer.port}/", f"http://{host}:{peer.port}/", f"//{host}/"):
            with pytest.raises(DeliveryFailed) as failed:
                await outside("GET", url, timeout_s=ENOUGH_S)
            assert failed.value.why is Undelivered.UNAVAILABLE
        assert peer.connections == 0


@pytest.mark.conforms("ASVS-1.3.6")
async def test_a_name_cannot_change_after_it_was_checked(tmp_path: Path) -> None:
    """A name that turns from public to ours shows that the address used is the one checked."""
    certificate = self_signed(tmp_path, "rebind.test")
    names = Names(("93.184.216.34",), ("127.0.0.1",), ("93.184.216.34", "127.0.0.1"))
    async with (
        listening(tls=server_tls(certificate)) as peer,
        Outside(trust=trusting(certificate), resolver=names) as outside,
    ):
        for _ in range(6):
            with pytest.raises(DeliveryFailed) as failed:
                await outside("GET", f"https://rebind.test:{peer.port}/", timeout_s=ENOUGH_S)
            assert failed.value.why is Undelivered.UNAVAILABLE
        assert (peer.connections, names.asked) == (0, 6)


PIECES = [*"a1.:[]@/?#%-\\", "::1", "127.0.0.1", "%2f"]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
async def test_no_url_is_too_odd_to_be_refused(rest: str) -> None:
    """Any arrangement of what URLs are made of shows an answer in kind: it is not called."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with Outside(trust=nobody, resolver=Names(("127.0.0.1",))) as outside:
        with pytest.raises(DeliveryFailed) as failed:
            await outside("GET", f"https://{rest}", timeout_s=ENOUGH_S)
    assert failed.value.why is Undelivered.UNAVAILABLE
