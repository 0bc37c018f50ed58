"""What must be so about each application."""

from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.unit.settings import build

HTTP, HTTPS = "http://127.0.0.1:3000", "https://127.0.0.1:8443"


def said(**sections: object) -> str:
    return "\n".join(build.faults(**sections))


def of_shop(**written: object) -> str:
    """Return what is said about an application."""
    return said(upstreams={"shop": {"url": HTTP, **written}})


def test_every_host_has_one_application() -> None:
    """Hosts that nobody, two or foreign applications list show each fault."""
    a, b = "http://127.0.0.1:1", "http://127.0.0.1:2"
    shop = {"url": a, "hosts": "shop.example.com"}
    assert said(upstreams={"shop": a, "desk": b}) == (
        "upstreams.desk: needs `hosts` ('shop' already takes every host that is not listed)"
    )
    assert "shop.example.com is listed by more than one upstream" in said(
        upstreams={"shop": shop, "desk": {"url": b, "hosts": ["shop.example.com"]}}
    )
    assert "upstreams.shop.hosts[0]: x.example is no host of `public`" in said(
        upstreams={"shop": {"url": a, "hosts": "x.example"}}
    )
    both = ["https://shop.example.com", "https://desk.example.com"]
    assert said(public=both, upstreams={"shop": shop}) == (
        "public[1]: no upstream lists desk.example.com"
    )
    assert said(public=both, upstreams={"shop": shop, "desk": b}) == ""


def test_addresses_are_listed_once() -> None:
    """An address with and without a slash shows that it is the same one."""
    assert of_shop(url=[HTTP, HTTPS, f"{HTTP}/"]) == (
        f"upstreams.shop.url[2]: {HTTP} is already listed"
    )


@pytest.mark.parametrize("key", ["connect_timeout", "head_timeout", "total_timeout"])
def test_something_needs_time(key: str) -> None:
    """No time at all shows that nothing could be done in it."""
    assert of_shop(**{key: "0s"}) == f"upstreams.shop.{key}: must be longer than nothing"
    assert of_shop(**{key: "1s"}) == ""


def test_no_time_may_mean_no_limit() -> None:
    """Times that may be nothing show that they are accepted: no pause ends an answer, and no
    connection is kept.
    """
    assert of_shop(idle_timeout="0s", keep_alive="0s") == ""


@pytest.mark.parametrize("key", ["head_timeout", "idle_timeout"])
def test_a_part_is_not_longer_than_the_whole(key: str) -> None:
    """A time that could never run out shows that it is told, unless it is only the default."""
    assert of_shop(total_timeout="5s") == ""
    assert of_shop(**{"total_timeout": "5s", key: "5s"}) == ""
    assert of_shop(**{"total_timeout": "5s", key: "6s"}) == (
        f"upstreams.shop.{key}: is longer than `total_timeout`"
        " (without it, `total_timeout` is what bounds it)"
    )


def test_nobody_waits_for_what_is_not_limited() -> None:
    """A limit of those who wait shows that it needs something to wait for."""
    assert of_shop(max_pending=5) == (
        "upstreams.shop.max_pending: needs `max_connections`"
        " (nobody waits for a connection unless it is limited)"
    )
    assert of_shop(max_pending=0, max_connections=5) == ""


@pytest.mark.parametrize("key", ["ca_file", "server_name", "client_cert", "client_key"])
def test_certificates_are_for_https(key: str) -> None:
    """What only TLS uses shows that it is not taken for protection without it."""
    hint = "nothing is proven and nothing encrypted over http: or unix:"
    for url in (HTTP, [HTTP, "unix:/run/app.sock"]):
        assert of_shop(url=url, **{key: "shop.internal"}) == (
            f"upstreams.shop.{key}: needs an https: address ({hint})"
        )


def test_files_of_certificates_are_loaded(tmp_path: Path) -> None:
    """Missing, broken and incomplete files show that they are found before the first visitor."""
    good = self_signed(tmp_path)
    cert = tmp_path / "cert.pem"
    cert.write_bytes(good.read_bytes().partition(b"-----BEGIN PRIVATE")[0])
    found = of_shop(url=HTTPS, ca_file="/nowhere/ca.pem", client_cert=str(cert))
    assert "upstreams.shop.ca_file: does not load: No such file" in found
    assert "upstreams.shop.client_cert: does not load" in found
    assert of_shop(url=HTTPS, client_key=str(good)) == (
        "upstreams.shop.client_key: needs `client_cert`"
    )
    pair = {"client_cert": str(cert), "client_key": str(good)}
    assert of_shop(url=[HTTP, HTTPS], ca_file=str(good), server_name="a.b", **pair) == ""
    assert of_shop(url=HTTPS, client_cert=str(good)) == ""
