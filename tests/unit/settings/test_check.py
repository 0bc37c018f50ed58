"""What each section must say for the others to make sense."""

from pathlib import Path

import pytest

from tests.unit.settings import build


def said(**sections: object) -> str:
    return "\n".join(build.faults(**sections))


@pytest.mark.conforms("NIST-OBA-2", "NIST-LSA-1.5")
def test_plain_http_is_for_localhost() -> None:
    """Origins without TLS show that only localhost needs no word of consent."""
    assert "public[0]: http://a.example is not encrypted" in said(public="http://a.example")
    assert said(public="http://a.example", insecure_http=True) == ""
    assert said(public="http://localhost:8080") == ""


def test_origins_are_listed_once() -> None:
    """An origin with and without its default port shows that it is the same one."""
    twice = ["https://a.example", "https://a.example:443"]
    assert said(public=twice) == "public[1]: https://a.example is already listed"


def test_listeners_do_not_collide() -> None:
    """Two listeners on one address show that it is told."""
    listen = {"public": "127.0.0.1:80", "probes": "127.0.0.1:80"}
    assert said(listen=listen) == "listen.probes: is the same address as listen.public"


@pytest.mark.parametrize("key", ["public", "management", "probes"])
def test_workers_share_what_can_be_shared(key: str) -> None:
    """A unix socket or any free port for two workers shows that it is told; for one it is right."""
    for address, what in (("unix:/run/a.sock", "a unix socket"), ("127.0.0.1:0", "port 0")):
        listen = {key: address}
        assert said(workers=2, listen=listen) == (
            f"listen.{key}: {what} cannot be shared by several workers"
            " (write host:port, or `workers: 1`)"
        )
        assert said(workers=1, listen=listen) == ""
    assert said(workers=2, listen={key: "127.0.0.1:9000"}) == ""


@pytest.mark.parametrize("count", [0, 65, "two", 1.5])
def test_workers_are_counted(count: object) -> None:
    """Too few, too many and what is no number show that the number is told, and nothing else."""
    found = build.faults(workers=count, listen={"public": "unix:/run/a.sock"})
    assert [line.partition(":")[0] for line in found] == ["workers"]


def test_a_stop_that_takes_long_is_warned_about() -> None:
    """A drain of more than ten minutes shows a warning; ten, and none at all, are right."""
    assert said(drain="601s") == (
        "warning: drain: a stop may take 601s (whatever stops it must wait longer; Kubernetes waits"
        " 30s unless told otherwise)"
    )
    assert build.load(drain="601s").settings.drain.total_seconds() == 601
    for right in ("10m", "0s"):
        assert said(drain=right) == ""


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_nobody_trusts_everybody(network: str) -> None:
    """A list of proxies with the whole Internet in it shows that it is refused (THREATS 31)."""
    assert "listen.trusted_proxies[0]: trusts everybody" in said(
        listen={"trusted_proxies": network}
    )


def test_certificates_are_loaded(tmp_path: Path) -> None:
    """Missing and broken PEM files show that they are found before the first visitor does."""
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnothing\n")
    tls = {"cert": str(broken), "key": "/nowhere/key.pem", "client_ca": "/nowhere/ca.pem"}
    found = said(listen={"tls": tls})
    assert "listen.tls.cert: does not load" in found
    assert "listen.tls.client_ca: does not load: No such file" in found


def test_a_redirect_needs_a_login_that_everybody_reaches() -> None:
    """Redirects to a page that is missing, closed or elsewhere show that none is accepted."""
    redirect = {"unidentified": "redirect"}
    assert said(**redirect) == (
        "unidentified: `unidentified: redirect` needs login.page\n"
        "unidentified: `unidentified: redirect` needs login.paths"
    )
    assert "login.page: is not open to everybody: a redirect loop (add /in to login.paths)" in said(
        **redirect, login={"page": "/in?next=/", "paths": "/login"}
    )
    for page in ("https://elsewhere.example/", "//elsewhere.example/", "login"):
        assert "login.page: is a path on the application" in said(
            **redirect, login={"page": page, "paths": "/login"}
        )
    assert said(**redirect, login={"page": "/login?x", "paths": ["/login"]}) == ""
    assert said(login={"paths": ["/login"]}) == ""


def test_open_enrollment_has_an_end() -> None:
    """Open enrollment without day, with a past one and with a coming one shows what is said."""
    assert "enrollment.first: `open` needs the day" in said(enrollment={"first": "open"})
    past = {"first": "open", "until": "2026-05-31"}
    assert "enrollment.until: lies in the past" in said(enrollment=past)
    today = {"first": "open", "until": "2026-06-01"}
    assert said(enrollment=today).startswith(
        "warning: enrollment.first: until the end of 2026-06-01"
    )
    invited = {"first": "invited", "until": "2027-01-01"}
    assert said(enrollment=invited) == "enrollment.until: means nothing with `first: invited`"


def test_sessions_end() -> None:
    """Idle times beyond the lifetime and no time at all show that they are told."""
    assert "session.idle: is longer" in said(session={"idle": "2d", "lifetime": "1d"})
    assert "session.lifetime: must be longer" in said(session={"idle": "0s", "lifetime": "0s"})


def test_nothing_of_the_application_lies_under_our_prefix() -> None:
    """Login paths under the prefix, in any case, show that the application would never see them."""
    login = {
        "page": "/_sidecar/login",
        "paths": ["/_Sidecar/**", "/_sidecars"],
        "logout": "/_sidecar",
    }
    found = said(login=login)
    assert "login.page: lies under /_sidecar/" in found
    assert "login.paths[0]: lies under /_sidecar/" in found
    assert "login.paths[1]" not in found
    assert "login.logout[0]: lies under /_sidecar/" in found


def test_somebody_can_start() -> None:
    """Backup codes alone show that nobody could set up a first factor."""
    assert "factors: only stand-ins are configured" in said(factors={"backup_codes": {}})


def test_sentry_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing extra shows that it is told at start, not at the first failure."""
    sentry = {"dsn": "https://key@sentry.example/1"}
    monkeypatch.setattr("sidecar.settings.check.find_spec", lambda _: None)
    assert "sentry: needs the package sentry-sdk" in said(sentry=sentry)
    monkeypatch.setattr("sidecar.settings.check.find_spec", lambda _: object())
    assert said(sentry=sentry) == ""


def test_pages_without_an_origin_are_everybodys() -> None:
    """`null` among the origins of WebSockets shows a warning, since every site can make it."""
    assert said(websocket={"origins": ["https://chat.example.com"]}) == ""
    assert said(websocket={"origins": ["https://chat.example.com", "null"]}) == (
        "warning: websocket.origins[1]: "
        "every site can make pages of this origin, and open WebSockets from them"
    )


@pytest.mark.parametrize("named", [{"erased": {}}, {"app": {"realm": "erased"}}])
def test_nobody_lives_in_the_realm_of_the_erased(named: dict[str, dict[str, str]]) -> None:
    """A source of that name, or of that realm, shows that it is told; another realm is right."""
    source = {"plugin": "upstream_session", "upstream": "shop", "url": "/whoami", "subject": "/id"}
    ((name, more),) = named.items()
    assert said(identity={name: {**source, **more}}) == (
        f"identity.{name}: the realm 'erased' stands for people who were erased"
        " (write another `realm:`)"
    )
    assert said(identity={"erased": {**source, "realm": "app"}}) == ""
