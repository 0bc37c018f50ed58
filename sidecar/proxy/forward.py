"""An allowed request goes on: its headers complete, its answer looked at on the way back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from sidecar.core.cookies import names_our_cookie
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Identity
from sidecar.core.policy import Effect, Rule
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.headers import forwardable, is_managed_cached
from sidecar.proxy.receive import Arrival

log = structlog.get_logger(__name__)

_SHARED_CACHE = frozenset({"surrogate-control", "edge-control", "x-accel-expires"})
"""Fields that speak to shared caches past `Cache-Control`, beside `*CDN-Cache-Control`."""
_SHARED_DIRECTIVES = ("public", "s-maxage", "private")


@dataclass(frozen=True, slots=True)
class Contract:
    """What may leave towards the application, fixed at start."""

    keep: frozenset[str]
    """Managed names that a source declared as credentials."""
    owned: frozenset[str]
    """Names that only a source may believe."""
    carriers: frozenset[str]
    """Every header that could carry a credential, for requests passed on as nobody."""
    pseudonym: bytes
    """Our name in `Via` (RFC 9110 §7.6.3)."""


def request_headers(
    contract: Contract, arrival: Arrival, vouched: RawHeaders, *, anonymous: bool = False
) -> RawHeaders:
    """Return every end-to-end field of the forwarded request, ours last, each of ours once."""
    headers = forwardable(arrival.headers, contract.keep, contract.owned)
    gone = contract.carriers | {"host"} if anonymous else {"host"}
    headers = tuple(field for field in headers if field[0].decode("latin-1").lower() not in gone)
    scheme = arrival.origin.scheme.encode("ascii")
    authority = arrival.origin.authority.encode("ascii")
    port = authority.rpartition(b":")[2] if b":" in authority.rpartition(b"]")[2] else b""
    return (
        # The host that was judged, in the one spelling the application is also asked with.
        (b"Host", authority),
        *headers,
        *vouched,
        (b"X-Forwarded-For", arrival.client.encode("ascii", "replace") or b"unknown"),
        (b"X-Forwarded-Proto", scheme),
        (b"X-Forwarded-Host", authority),
        (b"X-Forwarded-Port", port or (b"443" if scheme == b"https" else b"80")),
        (b"Via", b"1.1 " + contract.pseudonym),
    )


def loops(contract: Contract, arrival: Arrival) -> bool:
    """Tell whether this request already went through us."""
    return any(
        name.lower() == b"via" and contract.pseudonym in value for name, value in arrival.headers
    )


@dataclass(frozen=True, slots=True)
class Return:
    """What is done with the head of the application's answer."""

    rule: Rule
    identity: Identity | None
    confirm: Callable[[], Awaitable[None]]
    """Returns only if the request is still from whom it was judged by."""
    changed_credentials: Callable[[], None]
    signed_out: Callable[[], Awaitable[None]] | None
    signed_in: Callable[[], None] | None = None
    """Called where a login path leads on, as the return from an outside login does."""

    async def on_head(self, status: int, headers: RawHeaders) -> RawHeaders:
        """Return the answer's fields as the client may see them.

        Raises:
            AccessDenied: the credentials changed hands since the request was judged.

        """
        if self.signed_in is not None and 300 <= status < 400:  # noqa: PLR2004 - redirects
            self.signed_in()
        await self.confirm()
        if self.signed_out is not None and status < 400:  # noqa: PLR2004 - first error status
            await self.signed_out()
        if any(name.lower() == b"set-cookie" for name, _ in headers):
            self.changed_credentials()
        kept = tuple(field for field in headers if not _ours(field))
        kept = (*kept, *relayed(self.identity))
        if self.rule.effect is Effect.BYPASS or self.rule.keep_cache:
            return kept
        return privately(kept)


@dataclass(frozen=True, slots=True)
class Unheard:
    """What is done where the application has a request and nobody hears its answer."""

    unsettle: Callable[[], Callable[[], None]]
    """Until the returned function is called, nothing known of the request's credentials counts."""
    signed_out: Callable[[], Awaitable[None]] | None

    async def on_lost(self) -> Callable[[], None]:
        """Return what to call once the application can no longer be at work on the request.

        Whether it signed the person out cannot be known, so the proofs end.
        """
        over = self.unsettle()
        if self.signed_out is not None:
            try:
                await self.signed_out()
            except StoreUnavailable:
                log.warning("session.proofs_kept")
        return over


def relayed(identity: Identity | None) -> RawHeaders:
    """Return the cookies that the application set when it was asked who this is."""
    values = identity.set_cookies if identity is not None else ()
    return tuple((b"Set-Cookie", value) for value in values if not names_our_cookie(value))


def _ours(field: tuple[bytes, bytes]) -> bool:
    """Tell whether an answer's field would speak for us: our cookies and our headers."""
    name = field[0].decode("latin-1").lower()
    if name == "set-cookie":
        return names_our_cookie(field[1])
    return name.startswith("x-sidecar") and is_managed_cached(name)


def privately(headers: RawHeaders) -> RawHeaders:
    """Return the fields so that no shared cache keeps an answer that took a proof to get."""
    directives = [
        text
        for name, value in headers
        if name.lower() == b"cache-control"
        for part in value.decode("latin-1").split(",")
        if (text := part.strip()) and not text.lower().startswith(_SHARED_DIRECTIVES)
    ]
    rest = tuple(field for field in headers if not _for_caches(field[0]))
    return (*rest, (b"Cache-Control", ", ".join(["private", *directives]).encode("latin-1")))


def _for_caches(name: bytes) -> bool:
    lower = name.decode("latin-1").lower()
    return lower == "cache-control" or lower.endswith("cdn-cache-control") or lower in _SHARED_CACHE
