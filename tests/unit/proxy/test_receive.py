"""Twin of sidecar/proxy/receive.py; tests/attacks/test_hosts.py and test_headers.py go further."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.proxy.arrival import Head, Origin, Recent
from sidecar.proxy.receive import Receiver, plain_authority
from tests.unit.proxy.requests import SHOP, arrival, inbound

PLAIN = Origin("http", "app.test")


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


def test_the_same_fields_are_read_once() -> None:
    """A connection that says the same again shows what was read; other fields are read anew."""
    receiver, recent = Receiver((SHOP,), ()), Recent()

    def head(*fields: str, target: str = "/") -> Head:
        made = inbound(*fields, target=target)
        made.recent = recent
        return receiver.receive(made).head

    first = head("Cookie: a=1")
    assert head("Cookie: a=1", target="/other?x") is first
    assert head("Cookie: a=2") is not first
    assert head("Cookie: a=2").headers != first.headers
    assert head("Cookie: a=1", target="https://app.test/whole") is not first
