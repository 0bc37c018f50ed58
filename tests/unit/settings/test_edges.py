"""Listeners, applications, their login."""

from datetime import timedelta

from sidecar.core.paths import DEFAULT_TREATMENTS, PathClass, Treatment
from tests.unit.settings import build


def test_an_upstream_may_be_its_url_alone() -> None:
    """Both forms show that they mean the same."""
    short = build.load(upstreams={"shop": "http://127.0.0.1:3000"}).settings
    long = build.load(upstreams={"shop": {"url": "http://127.0.0.1:3000"}}).settings
    assert short.upstreams == long.upstreams
    assert short.upstreams["shop"].connect_timeout == timedelta(seconds=5)


def test_an_application_may_listen_at_several_addresses() -> None:
    """A list shows that it may stand alone or at `url`, and that each of it is checked."""
    urls = ["http://127.0.0.1:3000/", "unix:/run/app.sock"]
    short = build.load(upstreams={"shop": urls}).settings
    long = build.load(upstreams={"shop": {"url": urls}}).settings
    assert short.upstreams == long.upstreams
    assert short.upstreams["shop"].url == ("http://127.0.0.1:3000", "unix:/run/app.sock")
    found = build.faults(upstreams={"shop": ["http://127.0.0.1:3000", "ftp://127.0.0.1"]})
    assert [line.partition(":")[0] for line in found] == ["upstreams.shop.url[1]"]
    assert len(build.faults(upstreams={"shop": []})) == 1


def test_path_classes_are_treated_as_written() -> None:
    """Single classes show that they change and the others keep their default."""
    shop = {"url": "http://127.0.0.1:1", "paths": {"dot_segment": "read", "semicolon": "refuse"}}
    treatments = build.load(upstreams={"shop": shop}).settings.upstreams["shop"].treatments
    changed = {PathClass.DOT_SEGMENT: Treatment.READ, PathClass.SEMICOLON: Treatment.REFUSE}
    assert treatments == {**DEFAULT_TREATMENTS, **changed}
    wrong = {"url": "http://127.0.0.1:1", "paths": {"dots": "read", "semicolon": "ignore"}}
    found = build.faults(upstreams={"shop": wrong})
    assert [line.split(": ")[0] for line in found] == [
        "upstreams.shop.paths.dots",
        "upstreams.shop.paths.semicolon",
    ]


def test_numbers_may_come_from_the_environment() -> None:
    """A number in a variable shows that it counts, a truth value that it is none."""
    text = {"url": "http://127.0.0.1:1", "max_connections": "${MOST}"}
    env = {**build.ENV, "MOST": "20"}
    assert (
        build.load(env, upstreams={"shop": text}).settings.upstreams["shop"].max_connections == 20
    )
    for value in (True, 0, -1, "x", 1.5):
        shop = {"url": "http://127.0.0.1:1", "max_connections": value}
        assert len(build.faults(upstreams={"shop": shop})) == 1


def test_sizes_and_durations_have_units() -> None:
    """Bare numbers show that nobody has to guess what they mean."""
    assert build.faults(limits={"head": 65536, "keep_alive": 75}) == [
        "limits.head: a size is written 512B, 64KiB or 1MiB",
        "limits.keep_alive: a duration is written 500ms, 30s, 5m, 24h or 30d",
    ]
    limits = build.load(limits={"head": "32KiB", "keep_alive": "20s"}).settings.limits
    assert (limits.head, limits.keep_alive) == (32768, timedelta(seconds=20))


def test_single_values_may_stand_for_lists() -> None:
    """Carriers, proxies and paths show that one of them needs no brackets."""
    settings = build.load(
        credential_carriers={"headers": "X-Key", "query": "key"},
        login={"paths": "/login", "logout": "/logout"},
        listen={"trusted_proxies": "10.1.2.0/28"},
    ).settings
    assert settings.credential_carriers.headers == ("X-Key",)
    assert (settings.login.paths, settings.login.logout) == (("/login",), ("/logout",))
    assert len(settings.listen.trusted_proxies) == 1


def test_pages_that_may_open_websockets() -> None:
    """One origin, several, none: show what browsers send for them; one written wrongly is told."""
    for written, read in (
        ("https://chat.example.com:443", ("https://chat.example.com",)),
        (["app://x", "https://b.example"], ("app://x", "https://b.example")),
        (None, ()),
    ):
        sections = {} if written is None else {"websocket": {"origins": written}}
        assert build.load(**sections).settings.websocket.origins == read
    (told,) = build.faults(websocket={"origins": ["https://a.example/chat"]})
    assert told.startswith("websocket.origins[0]: ")
