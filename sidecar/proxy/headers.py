"""The header contract: which fields of a request go on, and which belong to us alone."""

import re
from collections.abc import Collection
from functools import lru_cache

from sidecar.core.cookies import names_of_ours, normal
from sidecar.core.protocols import RawHeaders

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    }
)
"""Never forwarded (RFC 9110 §7.6.1); the front adds its own framing."""

_PROTECTED = frozenset(
    {"host", "content-length", "cookie", "authorization", "content-type", "origin", "via"}
)
"""`Connection: cookie` must not make us drop what the application decides by (CVE-2022-31813)."""

_MANAGED = re.compile(
    r"forwarded|x-forwarded(-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip"
    r"|cf-connecting-ip|fastly-client-ip|x-scheme|x-original-.*|x-rewrite-url"
    r"|x-http-method(-override)?|x-method-override|proxy|remote-(user|groups|name|email)"
    r"|x-remote-user|x-auth-.*|x-authenticated-.*|x-webauth-.*|x-ssl-client-.*|x-accel-.*"
    r"|x-sidecar-.*"
)
"""Names by which peers speak for a proxy: removed from every request, then set by us or absent."""

_OUR_COOKIES = names_of_ours()


@lru_cache(maxsize=512)
def _fate(name: bytes) -> str:
    """Return the lower-case name of a field that may go on, or nothing for one that may not.

    A name with `_` or `.` reaches some applications as the name with `-`, so it can stand in for
    any name we own (CVE-2025-64484): all of them are dropped.
    """
    lower = name.decode("latin-1").lower()
    if "_" in lower or "." in lower or lower in HOP_BY_HOP:
        return ""
    return lower


def is_managed(name: str) -> bool:
    """Tell whether a field of this name (any spelling) is ours to set."""
    return _MANAGED.fullmatch(normal(name)) is not None


def nominated(headers: RawHeaders) -> frozenset[str]:
    """Return the fields that `Connection` names as hop-by-hop, but for the protected ones."""
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.decode("latin-1").split(",")
    }
    return frozenset(name for name in named - _PROTECTED if not is_managed(name))


def end_to_end(headers: RawHeaders) -> RawHeaders:
    """Return the fields that are not for this connection only, in order, byte for byte."""
    gone = nominated(headers)
    return tuple(field for field in headers if (name := _fate(field[0])) and name not in gone)


def forwardable(headers: RawHeaders, keep: Collection[str], owned: Collection[str]) -> RawHeaders:
    """Return the fields the application may see.

    `keep` are managed names that some identity source declared as a credential; `owned` are names
    that only a source may believe, and that leave here from nobody.
    """
    return tuple(
        field
        for field in headers
        if (name := _fate(field[0])) not in owned and (name in keep or not is_managed_cached(name))
    )


@lru_cache(maxsize=512)
def is_managed_cached(name: str) -> bool:
    """Tell the same as `is_managed`, remembered by name."""
    return is_managed(name)


# --- cookies ------------------------------------------------------------------------------------


def split_cookies(headers: RawHeaders) -> tuple[RawHeaders, dict[str, list[str]]]:
    """Return the fields without our cookies, and our cookies' values by name as sent.

    Cut at `;` only: a parser that understands quotes would read other names than applications do.
    """
    if not any(b"sidecar" in value.lower() for _, value in headers):
        return headers, {}
    ours: dict[str, list[str]] = {}
    kept = []
    for name, value in headers:
        rest = _without_ours(value, ours) if name.lower() == b"cookie" else value
        if rest or name.lower() != b"cookie":
            kept.append((name, rest))
    return tuple(kept), ours


def _without_ours(value: bytes, ours: dict[str, list[str]]) -> bytes:
    parts = value.split(b";")
    kept = []
    for part in parts:
        name, _, text = part.strip(b" \t").partition(b"=")
        shown = name.decode("latin-1").strip()
        if normal(shown) in _OUR_COOKIES:
            ours.setdefault(shown, []).append(text.decode("latin-1").strip())
        else:
            kept.append(part)
    if len(kept) == len(parts):
        return value
    return b";".join(kept).strip(b" \t")
