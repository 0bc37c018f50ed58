"""The whole of sidecar.yaml as values."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.settings import build


def test_defaults_are_safe_and_short() -> None:
    """The least configuration shows what everything else is."""
    settings = build.load().settings
    assert str(settings.listen.public) == "127.0.0.1:8080"
    assert (settings.listen.probes, settings.listen.trusted_proxies) == (None, ())
    assert (settings.unidentified.value, settings.insecure_http) == ("refuse", False)
    assert (settings.policy.default, settings.policy.rules) == ("two_factor", ())
    assert settings.session.idle == timedelta(hours=1)
    assert settings.session.lifetime == timedelta(hours=24)
    assert settings.pages.prefix == "/_sidecar/"
    assert (settings.logging.level, settings.logging.format) == ("info", "json")
    assert (settings.sentry, settings.workers) == (None, 1)


def test_hosts_choose_their_upstream() -> None:
    """Listed hosts, others and none show which application answers."""
    settings = build.load(
        public=["https://shop.example.com", "https://desk.example.com"],
        upstreams={
            "desk": {"url": "http://127.0.0.1:2", "hosts": "desk.example.com"},
            "shop": "http://127.0.0.1:1",
        },
    ).settings
    chosen = [settings.upstream_for(host) for host in ("desk.example.com", "shop.example.com", "x")]
    assert chosen == ["desk", "shop", "shop"]
    only = build.load(
        upstreams={"shop": {"url": "http://127.0.0.1:1", "hosts": ["shop.example.com"]}}
    ).settings
    assert only.upstream_for("x") is None


def test_hosts_are_written_without_port_and_arrive_with_it() -> None:
    """A host whose origin has a port shows that rules and upstreams still mean it."""
    loaded = build.load(
        public=["http://localhost:8080", "https://shop.example.com"],
        upstreams={
            "near": {"url": "http://127.0.0.1:1", "hosts": "localhost"},
            "shop": "http://127.0.0.1:2",
        },
        policy={"rules": [{"name": "near", "host": "localhost", "level": "deny"}]},
    )
    assert loaded.settings.authorities(["localhost"]) == {"localhost", "localhost:8080"}
    assert loaded.settings.upstream_for("localhost:8080") == "near"
    assert "localhost:8080" in loaded.policy.rules[0].hosts


def test_open_enrollment_ends_with_its_last_day() -> None:
    """The day that is written shows that it still counts, in UTC."""
    part = build.load(enrollment={"first": "open", "until": "2026-12-31"}).settings.enrollment
    assert part.open_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert build.load().settings.enrollment.open_until is None


@pytest.mark.parametrize(
    "prefix",
    ["_sidecar", "/_sidecar", "/", "//", "/a b/", "/a/../b/", "/A/", "/a%2f/", "/ä/", "/a//b/"],
)
def test_prefixes_are_plain(prefix: str) -> None:
    """Prefixes that a path could spell in two ways show that none is accepted."""
    (told,) = build.faults(pages={"prefix": prefix})
    assert told.startswith("pages.prefix: a prefix is written")
    assert build.faults(pages={"prefix": "/auth/second_factor-1/"}) == []


def test_the_default_asks_for_something() -> None:
    """A default of bypass shows that the policy cannot be open where nothing was written."""
    (told,) = build.faults(policy={"default": "bypass"})
    assert told.startswith("policy.default: one of one_factor, two_factor")


def test_secrets_hide_themselves() -> None:
    """The text of all settings shows neither the database's address nor the DSN."""
    settings = build.load(
        storage={"database": "sqlite+aiosqlite:////tmp/private.db"},
        sentry={"dsn": "https://private@sentry.example/1"},
    ).settings
    assert "private" not in repr(settings)


@pytest.mark.parametrize("url", ["http://help.example", "javascript:alert(1)", "help.html"])
def test_help_is_a_safe_link(url: str) -> None:
    """Links of other kinds show that they never reach a page."""
    assert len(build.faults(pages={"help_url": url})) == 1
    assert build.faults(pages={"help_url": "mailto:help@example.com"}) == []
