"""What each section must say for the others to make sense: origins, login, enrollment, sessions."""

import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Final

from sidecar.core.directory import ERASED
from sidecar.core.durations import show_duration
from sidecar.core.paths import fold_case
from sidecar.core.policy import Facts, Network, bypassed
from sidecar.settings.check_redis import redis
from sidecar.settings.check_replicas import replicas
from sidecar.settings.check_storage import retention, storage
from sidecar.settings.check_upstreams import upstreams
from sidecar.settings.draft import Draft
from sidecar.settings.edges import Tls
from sidecar.settings.faults import Finding, Where, unloadable
from sidecar.settings.schema import Unidentified

LONGEST_SESSION: Final = timedelta(days=366)
LONGEST_DRAIN: Final = timedelta(minutes=10)
"""Beyond, a stop looks like one that hangs."""


def origins(draft: Draft) -> Iterator[Finding]:
    """Origins are https unless the operator says otherwise, and each is written once."""
    settings = draft.settings
    for index, origin in enumerate(settings.public):
        if not (origin.secure or origin.local or settings.insecure_http):
            hint = "write https://, or `insecure_http: true` if everything may be read on the way"
            yield Finding(("public", index), f"{origin} is not encrypted", hint)
        if origin in settings.public[:index]:
            yield Finding(("public", index), f"{origin} is already listed")


def listeners(draft: Draft) -> Iterator[Finding]:
    """Listeners do not collide and their certificates load."""
    listen = draft.settings.listen
    if listen.probes is not None and listen.probes == listen.public:
        yield Finding(("listen", "probes"), "is the same address as listen.public")
    at = listen.management
    if at is not None and (at.port or at.path) and at in {listen.public, listen.probes}:
        yield Finding(("listen", "management"), "is the same address as another listener")
    if any(network.prefixlen == 0 for network in joined(listen.trusted_proxies)):
        message = "trusts everybody: anyone could then choose their own client address"
        yield Finding(("listen", "trusted_proxies", 0), message)
    if listen.tls is not None:
        yield from _loads(("listen", "tls"), listen.tls)


def _loads(where: Where, tls: Tls) -> Iterator[Finding]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    yield from unloadable((*where, "cert"), lambda: context.load_cert_chain(tls.cert, tls.key))
    if tls.client_ca is not None:
        ca = tls.client_ca
        yield from unloadable((*where, "client_ca"), lambda: context.load_verify_locations(ca))


def workers(draft: Draft) -> Iterator[Finding]:
    """Several processes can share each listener."""
    settings = draft.settings
    if settings.workers == 1 or not draft.sound("workers"):
        return
    listen = settings.listen
    each = (("public", listen.public), ("management", listen.management), ("probes", listen.probes))
    for key, at in each:
        if at is not None and not at.port:
            what = "a unix socket" if at.path else "port 0"
            hint = "write host:port, or `workers: 1`"
            yield Finding(("listen", key), f"{what} cannot be shared by several workers", hint)


def management(draft: Draft) -> Iterator[Finding]:
    """Clients with certificates can be told apart, and tokens do not travel readable."""
    part, at = draft.settings.management, draft.settings.listen.management
    if part.clients and (part.tls is None or part.tls.client_ca is None):
        hint = "name the authorities in management.tls.client_ca"
        yield Finding(("management", "clients"), "nobody can show a certificate", hint)
    names = [client.certificate for client in part.clients.values()]
    for name, client in part.clients.items():
        if names.count(client.certificate) > 1:
            yield Finding(("management", "clients", name, "certificate"), "names two clients")
    if at is not None and part.tls is None and not at.local:
        message = "tokens travel readable: there is no TLS, and it is not this machine alone"
        hint = "write management.tls, or listen on 127.0.0.1"
        yield Finding(("listen", "management"), message, hint, warning=True)
    if part.tls is not None:
        yield from _loads(("management", "tls"), part.tls)


def drain(draft: Draft) -> Iterator[Finding]:
    """A stop ends while whoever asked for it still waits."""
    if draft.settings.drain > LONGEST_DRAIN:
        message = f"a stop may take {show_duration(draft.settings.drain)}"
        hint = "whatever stops it must wait longer; Kubernetes waits 30s unless told otherwise"
        yield Finding(("drain",), message, hint, warning=True)


def joined(networks: Iterable[Network]) -> Iterator[Network]:
    """Yield the networks with neighbours put together: two halves are a whole."""
    written = tuple(networks)
    yield from collapse_addresses([net for net in written if isinstance(net, IPv4Network)])
    yield from collapse_addresses([net for net in written if isinstance(net, IPv6Network)])


def login(draft: Draft) -> Iterator[Finding]:
    """Whoever is sent to the login can reach it."""
    settings = draft.settings
    part = settings.login
    redirects = settings.unidentified is Unidentified.REDIRECT and draft.sound("unidentified")
    if redirects and draft.sound("login"):
        for key, written in (("page", part.page), ("paths", part.paths)):
            if not written:
                message = f"`unidentified: redirect` needs login.{key}"
                yield Finding(("unidentified",), message)
    if part.page is not None and not (part.page.startswith("/") and part.page[1:2] != "/"):
        yield Finding(("login", "page"), "is a path on the application, such as /login")
    elif part.page is not None and redirects and draft.sound("policy") and draft.sound("login"):
        yield from _reachable(draft, part.page.partition("?")[0])


def _reachable(draft: Draft, path: str) -> Iterator[Finding]:
    for origin in draft.settings.public:
        facts = Facts("GET", origin.authority, path, "")
        if draft.policy is not None and not bypassed(draft.policy.route(facts)):
            hint = f"add {path} to login.paths"
            yield Finding(("login", "page"), "is not open to everybody: a redirect loop", hint)
            return


def enrollment(draft: Draft) -> Iterator[Finding]:
    """Open enrollment has an end that lies ahead."""
    part = draft.settings.enrollment
    until = part.open_until
    if part.first != "open":
        if part.until is not None:
            yield Finding(("enrollment", "until"), f"means nothing with `first: {part.first}`")
    elif until is None:
        hint = "such as: until: 2027-01-31"
        yield Finding(("enrollment", "first"), "`open` needs the day on which it ends", hint)
    elif until <= draft.now:
        hint = "write a later day, or `first: invited`"
        yield Finding(("enrollment", "until"), "lies in the past", hint)
    else:
        message = f"until the end of {part.until}, whoever knows a password can set up its factor"
        yield Finding(("enrollment", "first"), message, warning=True)


def websocket(draft: Draft) -> Iterator[Finding]:
    """Not every page may open WebSockets."""
    for index, origin in enumerate(draft.settings.websocket.origins):
        if origin == "null":
            message = "every site can make pages of this origin, and open WebSockets from them"
            yield Finding(("websocket", "origins", index), message, warning=True)


def session(draft: Draft) -> Iterator[Finding]:
    part = draft.settings.session
    if part.idle > part.lifetime:
        yield Finding(("session", "idle"), "is longer than session.lifetime")
    for key, value in (("idle", part.idle), ("lifetime", part.lifetime)):
        if not value:
            yield Finding(("session", key), "must be longer than nothing")
        elif value > LONGEST_SESSION:
            yield Finding(("session", key), "is longer than a year")


def prefix(draft: Draft) -> Iterator[Finding]:
    """Nothing of the application's lies under our own prefix."""
    part = draft.settings.login
    ours = draft.settings.pages.prefix
    written: list[tuple[Where, str]] = [(("login", "page"), part.page or "")]
    written += [(("login", "paths", at), glob) for at, glob in enumerate(part.paths)]
    written += [(("login", "logout", at), glob) for at, glob in enumerate(part.logout)]
    for where, path in written:
        if f"{fold_case(path)}/".startswith(ours):
            yield Finding(where, f"lies under {ours}, which the sidecar answers itself")


def realms(draft: Draft) -> Iterator[Finding]:
    """Nobody's realm is the one that stands for people who were erased."""
    for name, part in draft.settings.identity.items():
        if (part.realm or name) == ERASED:
            message = f"the realm {ERASED!r} stands for people who were erased"
            yield Finding(("identity", name), message, "write another `realm:`")


def factors(draft: Draft) -> Iterator[Finding]:
    """Somebody without any factor can set one up."""
    known = [item.factor for item in draft.declared if item.factor is not None]
    if draft.factors_known and all(traits.stands_in for traits in known):
        message = "only stand-ins are configured: nobody could set up a first factor"
        yield Finding(("factors",), message, "add totp")


def extras(draft: Draft) -> Iterator[Finding]:
    if draft.settings.sentry is not None and find_spec("sentry_sdk") is None:
        yield Finding(("sentry",), "needs the package sentry-sdk", "install the extra `sentry`")


CHECKS: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    origins,
    listeners,
    workers,
    management,
    drain,
    upstreams,
    login,
    enrollment,
    websocket,
    session,
    storage,
    replicas,
    redis,
    retention,
    prefix,
    realms,
    factors,
    extras,
)
