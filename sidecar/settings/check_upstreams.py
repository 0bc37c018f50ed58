"""What must be so about each application: its hosts, its addresses, its times and certificates."""

import ssl
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sidecar.settings.draft import Draft
from sidecar.settings.edges import Upstream
from sidecar.settings.faults import Finding, unloadable

NEVER_NOTHING: Final = ("connect_timeout", "head_timeout", "total_timeout")
"""Times in which nothing could happen if they were 0s."""
PARTS: Final = ("head_timeout", "idle_timeout")
"""Times that are a part of `total_timeout`."""
FOR_TLS: Final = ("ca_file", "server_name", "client_cert", "client_key")


def upstreams(draft: Draft) -> Iterator[Finding]:
    """Every public host has exactly one application."""
    settings = draft.settings
    public = {origin.host for origin in settings.public}
    listed = Counter(host for up in settings.upstreams.values() for host in up.hosts)
    catch_all = [name for name, up in settings.upstreams.items() if not up.hosts]
    for name in catch_all[1:]:
        hint = f"{catch_all[0]!r} already takes every host that is not listed"
        yield Finding(("upstreams", name), "needs `hosts`", hint)
    for name, upstream in settings.upstreams.items():
        for index, host in enumerate(upstream.hosts):
            place = ("upstreams", name, "hosts", index)
            if listed[host] > 1:
                yield Finding(place, f"{host} is listed by more than one upstream")
            if draft.sound("public") and host not in public:
                yield Finding(place, f"{host} is no host of `public`")
        for check in (_addresses, _times, _limits, _certificates):
            yield from check(name, upstream)
    if not catch_all and draft.sound("upstreams"):
        for index, origin in enumerate(settings.public):
            if origin.host not in listed:
                yield Finding(("public", index), f"no upstream lists {origin.host}")


def _addresses(name: str, upstream: Upstream) -> Iterator[Finding]:
    for index, url in enumerate(upstream.url):
        if url in upstream.url[:index]:
            yield Finding(("upstreams", name, "url", index), f"{url} is already listed")


def _times(name: str, upstream: Upstream) -> Iterator[Finding]:
    for key in NEVER_NOTHING:
        if getattr(upstream, key) == timedelta():
            yield Finding(("upstreams", name, key), "must be longer than nothing")
    total = upstream.total_timeout
    for key in PARTS if total else ():
        if key in upstream.model_fields_set and getattr(upstream, key) > total:
            hint = "without it, `total_timeout` is what bounds it"
            yield Finding(("upstreams", name, key), "is longer than `total_timeout`", hint)


def _limits(name: str, upstream: Upstream) -> Iterator[Finding]:
    if upstream.max_connections is None and "max_pending" in upstream.model_fields_set:
        hint = "nobody waits for a connection unless it is limited"
        yield Finding(("upstreams", name, "max_pending"), "needs `max_connections`", hint)


def _certificates(name: str, upstream: Upstream) -> Iterator[Finding]:
    """Whatever TLS needs is there and loads, and nothing is written that it would not use."""
    where = ("upstreams", name)
    if not any(url.startswith("https:") for url in upstream.url):
        for key in FOR_TLS:
            if getattr(upstream, key) is not None:
                hint = "nothing is proven and nothing encrypted over http: or unix:"
                yield Finding((*where, key), "needs an https: address", hint)
        return
    ca_file, cert, key_file = upstream.ca_file, upstream.client_cert, upstream.client_key
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        yield from unloadable((*where, "ca_file"), lambda: context.load_verify_locations(ca_file))
    if cert is not None:
        yield from unloadable(
            (*where, "client_cert"), lambda: context.load_cert_chain(cert, key_file, password="")
        )
    elif key_file is not None:
        yield Finding((*where, "client_key"), "needs `client_cert`")
