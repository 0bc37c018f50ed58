import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar import wiring
from sidecar.proxy.upstream import Upstream
from sidecar.settings.load import Loaded, load_settings
from sidecar.settings.schema import Profile
from sidecar.signing import PURPOSE, signing_key
from sidecar.storage.tuning import Tuning
from sidecar.storage.vault import KeyRing, RootKey
from tests.certificates import self_signed
from tests.clock import START
from tests.world import KEY, settings_for


def loaded(folder: Path, changes: Mapping[str, Any] | None = None) -> Loaded:
    file = folder / "sidecar.yaml"
    written = settings_for("http://127.0.0.1:9", folder, 0, changes or {})
    file.write_text(yaml.safe_dump(written))
    return load_settings(file, {"TEST_KEY": KEY}, START)


def test_every_limit_of_the_file_reaches_the_front(tmp_path: Path) -> None:
    """A file with every limit written: shows that none is a name only."""
    written = {
        "target": "1KiB",
        "field": "2KiB",
        "head": "3KiB",
        "fields": 4,
        "pipelined": 5,
        "head_time": "6s",
        "keep_alive": "7s",
        "body_idle": "8s",
        "write_idle": "9s",
        "tunnel_idle": "10s",
        "connections": 11,
        "connections_per_address": 12,
    }
    limits = wiring.limits(loaded(tmp_path, {"limits": written}).settings)
    assert (limits.target_bytes, limits.field_bytes, limits.head_bytes) == (1024, 2048, 3072)
    assert (limits.fields, limits.pipelined) == (4, 5)
    assert (limits.head_s, limits.keep_alive_s, limits.body_idle_s) == (6, 7, 8)
    assert (limits.write_idle_s, limits.tunnel_idle_s) == (9, 10)
    assert (limits.connections, limits.connections_per_address) == (11, 12)


def test_what_a_request_may_wait_for_is_as_written(tmp_path: Path) -> None:
    """A file with every limit of the database shows that none is a name only."""
    pool = {"readers": 7, "writers": 8}
    storage = {"pool": pool, "wait": "250ms", "statement": "9s"}
    tuned = wiring.tuning(loaded(tmp_path, {"storage": storage}).settings)
    assert tuned == Tuning(readers=7, writers=8, wait_s=0.25, statement_s=9.0)


def test_an_upstream_keeps_its_times(tmp_path: Path) -> None:
    """An application with times of its own: shows that the pool gets them in seconds."""
    upstreams = {
        "shop": {"url": "http://127.0.0.1:9", "connect_timeout": "250ms", "head_timeout": "2m"}
    }
    made = wiring.upstreams(loaded(tmp_path, {"upstreams": upstreams}).settings)["shop"]
    assert (made.connect_timeout_s, made.head_timeout_s) == (0.25, 120)
    assert made == Upstream(
        "shop", ("http://127.0.0.1:9",), connect_timeout_s=0.25, head_timeout_s=120
    )


def test_an_upstream_is_what_is_written(tmp_path: Path) -> None:
    """An application with everything written: shows that the pool gets each, and `0s` as none."""
    pem = str(self_signed(tmp_path))
    written = {
        "url": ["https://127.0.0.1:9", "unix:/run/app.sock"],
        "connect_timeout": "1s",
        "head_timeout": "2s",
        "idle_timeout": "3s",
        "total_timeout": "4s",
        "keep_alive": "5s",
        "max_connections": 6,
        "max_pending": 7,
        "ca_file": pem,
        "server_name": "[::1]",
        "client_cert": pem,
        "client_key": pem,
    }
    made = wiring.upstreams(loaded(tmp_path, {"upstreams": {"shop": written}}).settings)["shop"]
    assert made == Upstream(
        "shop",
        ("https://127.0.0.1:9", "unix:/run/app.sock"),
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        pem,
        "::1",
        pem,
        pem,
    )
    written["idle_timeout"] = "0s"
    made = wiring.upstreams(loaded(tmp_path, {"upstreams": {"shop": written}}).settings)["shop"]
    assert made.answer_idle_s is None


@pytest.mark.parametrize(
    ("unidentified", "login"), [("redirect", "/login"), ("refuse", ""), ("pass", "")]
)
def test_pages_know_the_login_only_where_people_are_led_there(
    tmp_path: Path, unidentified: str, login: str
) -> None:
    """Each way of treating nobody: shows that only one of them redirects."""
    site = wiring.site(loaded(tmp_path, {"unidentified": unidentified}))
    assert site.login_page == login
    assert site.logout == "/logout"
    assert site.kinds == {"totp": "totp", "backup_codes": "backup_codes"}


def test_a_logout_that_is_no_address_is_not_opened(tmp_path: Path) -> None:
    """A logout written as a pattern: shows that no page leads to a star."""
    login = {"page": "/login", "paths": ["/login"], "logout": ["/logout/*"]}
    assert wiring.site(loaded(tmp_path, {"login": login})).logout == ""


def test_the_key_ring_holds_the_keys_of_the_file(tmp_path: Path) -> None:
    """The configured key: shows that it is the active one."""
    ring = wiring.key_ring(loaded(tmp_path))
    assert (ring.active, list(ring.keys)) == ("k1", ["k1"])


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    """A file without `listen.tls`: shows that the listener speaks plainly."""
    assert wiring.tls_context(loaded(tmp_path).settings.listen.tls) is None


def test_client_certificates_are_asked_for_and_not_required(tmp_path: Path) -> None:
    """A client authority: shows that a peer without a certificate is served, unverified."""
    file = str(self_signed(tmp_path))
    listen = {"public": "127.0.0.1:0", "tls": {"cert": file, "key": file, "client_ca": file}}
    context = wiring.tls_context(loaded(tmp_path, {"listen": listen}).settings.listen.tls)
    assert context is not None
    assert context.verify_mode is ssl.CERT_OPTIONAL
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_origins_of_websockets_reach_the_router(tmp_path: Path) -> None:
    """The configured origins, or none: show whose pages the router lets ask."""
    listed = {"websocket": {"origins": ["https://chat.example.com"]}}
    assert wiring.router(loaded(tmp_path, listed)).websocket_origins == {"https://chat.example.com"}
    assert wiring.router(loaded(tmp_path)).websocket_origins == frozenset()


def test_metrics_know_the_names_of_the_file(tmp_path: Path) -> None:
    """A file with rules, applications and sources: shows that labels can say each, with the rules
    that nobody wrote, and that every worker has a lane.
    """
    changes = {"workers": 3, "listen": {"public": "127.0.0.1:9000"}}
    made = wiring.ledger(loaded(tmp_path, changes))
    assert made.values["rule"] == ("login", "open", "never", "easy", "fresh", "default", "-")
    assert made.values["upstream"] == ("shop",)
    assert made.values["source"] == ("app_login",)
    assert len(made.rows) == 3


@pytest.mark.conforms("NIST-SB-4")
@pytest.mark.parametrize(
    ("profile", "lifetime"),
    [("standard", timedelta(days=9)), ("asvs-l3", timedelta(days=9)), ("nist-aal2", timedelta())],
)
def test_browsers_are_remembered_as_written(
    tmp_path: Path, profile: str, lifetime: timedelta
) -> None:
    """Each profile shows for how long browsers are remembered: under NIST not at all."""
    part = {"enabled": True, "lifetime": "9d", "not_after": ["totp"]}
    settings = loaded(tmp_path, {"trusted_devices": part}).settings
    made = wiring.remembering(settings.model_copy(update={"profile": Profile(profile)}))
    assert made.lifetime == lifetime
    assert made.not_after == (frozenset({"totp"}) if lifetime else frozenset())
    assert not wiring.remembering(loaded(tmp_path).settings).lifetime


@pytest.mark.parametrize(
    ("factors", "name"),
    [
        ({"totp": {"issuer": "Shop"}}, "totp"),
        ({"app": {"plugin": "totp", "issuer": "Shop"}}, "app"),
        ({"totp": {"plugin": "webauthn", "rp_id": "app.test", "rp_name": "Shop"}}, ""),
    ],
)
def test_apps_are_found_by_their_plugin(
    tmp_path: Path, factors: Mapping[str, Any], name: str
) -> None:
    """The factor of apps shows by its plugin, whatever it is called."""
    found = loaded(tmp_path, {"factors": factors, "policy": {"default": "one_factor"}})
    assert wiring.app_factor(found.settings) == name


def test_what_older_keys_signed_counts_as_long_as_they_are_known() -> None:
    """A ring of two keys, and of a third that was kept, shows the one that signs first."""
    old, new = RootKey("k1", b"1" * 32, active=False), RootKey("k2", b"2" * 32)
    ring = KeyRing((old, new))
    first, second = wiring.signing_keys(ring)
    assert first.kid == signing_key(ring.purpose_key(PURPOSE, "k2")).kid
    assert second.kid == signing_key(ring.purpose_key(PURPOSE, "k1")).kid
    ring.keep(PURPOSE, "k0", b"0" * 32)
    assert len(wiring.signing_keys(ring)) == 3
