"""The section about the management API."""

from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.unit.settings import build
from tests.unit.settings.test_check import said

CLIENT = {"certificate": "spiffe://cluster/ns/shop", "scopes": ["config:read"]}


def test_tokens_do_not_travel_readable_unnoticed(tmp_path: Path) -> None:
    """An address that others reach shows a warning, unless TLS is served there."""
    listen = {"management": "0.0.0.0:8004"}
    assert said(listen=listen).startswith("warning: listen.management: tokens travel readable")
    assert said(listen={"management": "127.0.0.1:8004"}) == ""
    pem = str(self_signed(tmp_path, "api.test"))
    tls = {"cert": pem, "key": pem}
    assert said(listen=listen, management={"tls": tls}) == ""
    missing = {"tls": {"cert": "/nowhere.pem", "key": pem}}
    assert "management.tls.cert: does not load" in said(listen=listen, management=missing)


def test_certificates_need_somebody_who_vouches(tmp_path: Path) -> None:
    """Clients with certificates show that authorities are needed, and one client a name."""
    assert "nobody can show a certificate" in said(management={"clients": {"shop": CLIENT}})
    pem = str(self_signed(tmp_path, "api.test"))
    tls = {"cert": pem, "key": pem, "client_ca": pem}
    assert said(management={"tls": tls, "clients": {"shop": CLIENT}}) == ""
    twice = said(management={"tls": tls, "clients": {"shop": CLIENT, "desk": CLIENT}})
    assert twice.count("names two clients") == 2


@pytest.mark.parametrize(
    "part",
    [
        {"clients": {"shop": {**CLIENT, "scopes": []}}},
        {"clients": {"shop": {**CLIENT, "scopes": ["everything"]}}},
        {"clients": {"Shop!": CLIENT}},
        {"per_minute": 0},
        {"per_second": 1},
    ],
)
def test_what_makes_no_sense_is_told(part: dict[str, object]) -> None:
    """No scope, unknown scopes, odd names, no calls and unknown keys show a fault."""
    assert build.faults(management=part)


def test_listeners_do_not_collide() -> None:
    """The management API on the address of another listener shows that it is told."""
    listen = {"public": "127.0.0.1:80", "management": "127.0.0.1:80"}
    assert said(listen=listen) == "listen.management: is the same address as another listener"
