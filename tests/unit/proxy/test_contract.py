"""Twin of sidecar/proxy/contract.py; tests/attacks/test_headers.py goes further."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cookies import names_of_ours, normal
from sidecar.core.errors import MalformedRequest
from sidecar.proxy.arrival import Arrival, Recent
from sidecar.proxy.contract import Contract
from sidecar.proxy.headers import HOP_BY_HOP
from sidecar.proxy.receive import Receiver
from tests.unit.proxy.requests import SHOP, arrival, inbound, raw

CONTRACT = Contract(
    keep=frozenset({"x-auth-token"}),
    owned=frozenset({"x-sso"}),
    carriers=frozenset({"cookie", "x-key"}),
    pseudonym=b"sidecar-1",
)
names = st.from_regex(r"\A[!#-'*+.0-9A-Z^_`a-z|~-]{1,20}\Z")


def received(*fields: str) -> Arrival:
    return Receiver((SHOP,), (), CONTRACT).receive(inbound(*fields))


def names_in(block: bytes) -> list[str]:
    return [line.partition(b":")[0].decode().lower() for line in block.split(b"\r\n")[:-1]]


@given(st.lists(names, max_size=6), st.lists(names, max_size=4))
def test_order_and_spelling(sent: list[str], tokens: list[str]) -> None:
    """Whatever is sent shows in order and byte for byte, or is gone."""
    headers = raw(
        *(f"{name}: {at}" for at, name in enumerate(sent)), f"Connection: {','.join(tokens)}"
    )
    left = Contract().read(headers, Recent()).read
    assert left == [field for field in headers if field in left]
    for name, _ in left:
        assert name.lower() not in HOP_BY_HOP
        assert not {b"_", b"."} & {name[at : at + 1] for at in range(len(name))}


def test_what_goes_on() -> None:
    """Managed names show as gone unless a source declared them; owned ones always do."""
    fields = CONTRACT.read(raw("X-Auth-Token: 1", "X-SSO: 2", "A: 3", "Remote-User: 4"), Recent())
    assert fields.sent == [b"X-Auth-Token: 1\r\n", b"A: 3\r\n"]
    assert fields.read == list(raw("X-Auth-Token: 1", "X-SSO: 2", "A: 3", "Remote-User: 4"))


def test_nomination() -> None:
    """A client's `Connection` shows that it takes away what it names, but nothing of proxies."""
    fields = CONTRACT.read(
        raw("Connection: a, x-auth-token", "X-Auth-Token: 1", "connection: b", "A: 2", "b: 3"),
        Recent(),
    )
    assert fields.read == list(raw("X-Auth-Token: 1"))


def test_the_block() -> None:
    """A request shows its host as judged and ours, each once, then its fields in order."""
    made = received("B: 1", "Host2: x", "X-Auth-Token: t", "X-SSO: ada", "Remote-User: eve", "a: 2")
    assert names_in(made.head.block) == [
        *("host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"),
        *("via", "b", "host2", "x-auth-token", "a"),
    ]
    assert made.head.block.startswith(b"Host: app.test\r\n")


def test_nobodys_headers() -> None:
    """A request passed on as nobody's shows no header that could carry a credential."""
    made = received("Cookie: a=1", "X-Key: k", "Accept: */*")
    kept = names_in(CONTRACT.nobodys(made))
    assert not {"cookie", "x-key"} & set(kept)
    assert (kept.count("host"), kept[-1]) == (1, "accept")


def test_framing_stays_here() -> None:
    """Fields that say where a request ends show that they do not go on as they came."""
    sent = CONTRACT.read(raw("content-length: 5", "Transfer-Encoding: gzip", "X: 1"), Recent()).sent
    assert sent == [b"X: 1\r\n"]


def test_loops() -> None:
    """Our own pseudonym in `Via` shows a loop; another sidecar's does not."""
    assert CONTRACT.loops(received("Via: 1.1 a, 1.1 sidecar-1").head)
    assert not CONTRACT.loops(received("Via: 1.1 sidecar-2").head)
    assert not CONTRACT.loops(received().head)


def test_a_control_byte_is_refused() -> None:
    """A line end inside a field, which no parser of ours lets through, shows a refusal."""
    with pytest.raises(MalformedRequest):
        arrival("X: a\nEvil: 1")


@given(st.lists(st.text('ab_-.= \t"sidecr', max_size=24), max_size=4))
def test_cookies_are_cut_at_semicolons_only(pieces: list[str]) -> None:
    """Any Cookie header shows the pieces that are not ours, byte for byte."""
    headers = raw(f"Cookie: {';'.join(pieces)}")
    fields = Contract().read(headers, Recent())
    kept = [
        one
        for one in headers[0][1].split(b";")
        if normal(one.strip(b" \t").partition(b"=")[0].decode().strip()) not in names_of_ours()
    ]
    got = fields.read[0][1] if fields.read else b""
    assert got.strip(b" \t") == b";".join(kept).strip(b" \t")
    assert all(normal(name) in names_of_ours() for name in fields.ours)


def test_untouched_cookies() -> None:
    """Cookies without ours show as the very same headers."""
    headers = raw("Cookie: a=1;; b = 2 ;", "X: sidecar")
    fields = Contract().read(headers, Recent())
    assert (tuple(fields.read), fields.ours) == (headers, {})
