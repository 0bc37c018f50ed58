"""Twin of plugins/factors/webauthn/_place.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.factors.webauthn._place import check_place


@pytest.mark.conforms("NIST-VNB-1", "NIST-VNB-2")
@pytest.mark.parametrize(
    ("rp_id", "origins"),
    [
        ("shop.example.com", ["https://shop.example.com"]),
        ("example.com", ["https://shop.example.com", "https://login.example.com:8443"]),
        ("example.co.uk", ["https://www.example.co.uk"]),
        ("harbour.github.io", ["https://harbour.github.io"]),
        ("xn--bcher-kva.example", ["https://xn--bcher-kva.example"]),
        ("localhost", ["http://localhost:8080"]),
        ("app.localhost", ["http://app.localhost:8080"]),
        ("intranet", ["https://intranet"]),
        ("shop.internal", ["https://shop.internal", "https://a.shop.internal"]),
        ("example.com", ["https://example.com", "android:apk-key-hash:abc"]),
    ],
)
def test_a_host_or_its_parent_binds_keys(rp_id: str, origins: list[str]) -> None:
    """The name of every origin, or a parent that its owner owns, shows no fault."""
    check_place(rp_id, origins)


@pytest.mark.conforms("NIST-VNB-3")
@pytest.mark.threat(63)
@pytest.mark.parametrize(
    ("rp_id", "origins", "said"),
    [
        ("co.uk", ["https://example.co.uk"], "public suffix.*write example.co.uk"),
        ("github.io", ["https://harbour.github.io"], "public suffix"),
        ("github.io", ["https://github.io"], "public suffix"),
        ("com", ["https://example.com"], "public suffix"),
        ("internal", ["https://shop.internal"], "public suffix"),
        ("localhost", ["http://app.localhost"], "public suffix"),
        ("192.0.2.1", ["https://192.0.2.1"], "address"),
        ("127.1", ["http://localhost"], "address"),
        ("shop.example.com", ["https://example.com"], "neither the host"),
        ("ample.com", ["https://example.com"], "neither the host"),
        ("example.com", ["https://example.com", "https://example.org"], "example.org"),
        ("example.com", ["http://example.com"], "https://"),
        ("example.com", ["http://localhost.example.com"], "https://"),
        ("example.com", ["android:apk-key-hash:abc"], "there is none"),
        ("example.com", [], "there is none"),
    ],
)
def test_other_names_are_faults(rp_id: str, origins: list[str], said: str) -> None:
    """Addresses, suffixes, other hosts and plain http show a reason that helps."""
    with pytest.raises(ValueError, match=said):
        check_place(rp_id, origins)


LABEL = st.from_regex(r"[a-z]{1,5}", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=3), LABEL, LABEL)
def test_a_sibling_never_shares_keys(above: list[str], mine: str, other: str) -> None:
    """Any name shows that it is refused where an origin is beside it and not below."""
    if mine == other:
        return
    parent = ".".join(above)
    with pytest.raises(ValueError, match="rp_id"):
        check_place(f"{mine}.{parent}", [f"https://{other}.{parent}"])
