"""Twin of sidecar/proxy/arrival.py."""

import pytest

from sidecar.proxy.arrival import Origin
from tests.unit.proxy.requests import SHOP, arrival

PORTED = Origin("https", "app.test:8443")
SIX = Origin("https", "[2001:db8::1]:444")


def test_hosts_have_no_port() -> None:
    """An origin shows its host as rules name it, whatever its port."""
    assert [one.host for one in (SHOP, PORTED, SIX)] == ["app.test", "app.test", "[2001:db8::1]"]
    assert str(PORTED) == "https://app.test:8443"


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
