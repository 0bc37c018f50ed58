"""Twin of sidecar/proxy/receive.py; tests/attacks/test_hosts.py and test_headers.py go further."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.proxy.arrival import Origin
from sidecar.proxy.receive import Receiver, plain_authority
from tests.unit.proxy.requests import SHOP, arrival, inbound

PORTED = Origin("https", "app.test:8443")
PLAIN = Origin("http", "app.test")
SIX = Origin("https", "[2001:db8::1]:444")


def test_target_is_kept_byte_for_byte() -> None:
    """Any query and an empty one show that what was judged is what goes on (promise 1)."""
    for target in ("/", "/?", "/a?b?c", "/%2f?%zz&é".encode().decode("utf-8", "surrogateescape")):
        assert arrival(target=target).target == target.encode("utf-8", "surrogateescape")
    assert arrival(target="/a").query is None
    assert arrival(target="/a?").query == ""


def test_origins() -> None:
    """The scheme shows: https wins where both have the host, and TLS never becomes http."""
    both = Receiver((PLAIN, SHOP), ())
    assert both.receive(inbound()).origin == SHOP
    only = Receiver((PLAIN,), ())
    assert only.receive(inbound()).origin == PLAIN
    assert only.receive(inbound(host="app.test:80")).origin == PLAIN
    with pytest.raises(MisdirectedRequest):
        only.receive(inbound(secure=True))
    with pytest.raises(MisdirectedRequest):
        Receiver((SHOP,), ()).receive(inbound(host="app.test:8443"))


def test_hosts_have_no_port() -> None:
    """An origin shows its host as rules name it, whatever its port."""
    assert [one.host for one in (SHOP, PORTED, SIX)] == ["app.test", "app.test", "[2001:db8::1]"]
    assert str(PORTED) == "https://app.test:8443"


@given(st.text(max_size=30))
def test_any_host(text: str) -> None:
    """Any text as Host shows one plain spelling or a refusal, and plain stays plain."""
    try:
        plain = plain_authority(text, "https")
    except MalformedRequest:
        return
    assert plain_authority(plain, "https") == plain
    assert plain == plain.lower()


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_any_target(target: str, hosts: list[str]) -> None:
    """Any target and Hosts show an arrival of ours or a named refusal, never another failure."""
    fields = [f"Host: {host.encode().decode('latin-1')}" for host in hosts]
    try:
        made = Receiver((SHOP,), ()).receive(inbound(*fields, target=target, host=None))
    except (MalformedRequest, MisdirectedRequest):
        return
    assert made.origin == SHOP
    assert made.path.startswith("/")


def test_client_without_an_address() -> None:
    """A unix socket shows no address, and that nobody behind it is believed about one."""
    receiver = Receiver((SHOP,), (ip_network("0.0.0.0/0"),))
    assert receiver.receive(inbound("X-Forwarded-For: 6.6.6.6", peer="")).client == ""


def test_mapped_peers() -> None:
    """An IPv4 peer of a socket for both families shows as the IPv4 address it is."""
    receiver = Receiver((SHOP,), (ip_network("10.0.0.0/8"),))
    made = receiver.receive(inbound("X-Forwarded-For: 6.6.6.6", peer="::ffff:10.0.0.1"))
    assert made.client == "6.6.6.6"
    assert receiver.receive(inbound(peer="::ffff:6.6.6.7")).client == "6.6.6.7"


@pytest.mark.parametrize(
    ("fields", "navigation"),
    [
        (["Sec-Fetch-Mode: navigate"], True),
        (["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"], True),
        (["Sec-Fetch-Mode: cors", "Accept: text/html"], False),
        (["Sec-Fetch-Mode: Navigate", "Accept: text/html"], False),
        (["Accept: text/html,*/*"], True),
        (["Accept: text/html", "X-Requested-With: XMLHttpRequest"], False),
        (["Accept: */*"], False),
        (["Accept: application/json"], False),
        ([], False),
    ],
)
def test_who_gets_pages(fields: list[str], navigation: bool) -> None:
    """Mode, else Accept, shows whether a person looks at the answer."""
    assert arrival(*fields).navigation is navigation


@pytest.mark.parametrize(
    ("method", "fields", "preflight"),
    [
        ("OPTIONS", ["Origin: https://a.test", "Access-Control-Request-Method: PUT"], True),
        ("OPTIONS", ["Access-Control-Request-Method: PUT"], False),
        ("OPTIONS", ["Origin: https://a.test"], False),
        ("GET", ["Origin: https://a.test", "Access-Control-Request-Method: PUT"], False),
        ("OPTIONS", ["Origin:", "Access-Control-Request-Method: PUT"], False),
    ],
)
def test_preflights(method: str, fields: list[str], preflight: bool) -> None:
    """All three signs (THREATS 66) show a preflight, and nothing less does."""
    assert arrival(*fields, method=method).preflight is preflight


def test_cookies_of_ours() -> None:
    """Our cookies show apart from the others; one that occurs twice counts as none."""
    made = arrival("Cookie: a=1; __Host-sidecar=x; b=2", "Cookie: sidecar-lang=de")
    assert (made.header("cookie"), made.cookie("sidecar")) == ("a=1; b=2", "x")
    assert arrival("Cookie: __Host-sidecar=x; __Host-sidecar=x").cookie("sidecar") == ""
    assert arrival("Cookie: sidecar=x").cookie("sidecar") == ""


def test_requests_have_names_of_their_own() -> None:
    """Two requests show two ids, and neither id is the client's to choose."""
    names = {arrival("X-Request-Id: mine").request_id for _ in range(50)}
    assert len(names) == 50
    assert "mine" not in names


def test_arrivals_are_not_printed_with_credentials() -> None:
    """The text of an arrival shows no header, and with it no cookie or token."""
    assert "secret" not in repr(arrival("Authorization: Bearer secret", "Cookie: a=secret"))
