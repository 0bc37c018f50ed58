"""Header fields by name: whom each one speaks to, and what that means on its way through us."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sidecar.core.cookies import normal
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.faults import UnsafeHead

HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Fields that speak about one connection only (RFC 9110 §7.6.1); the front adds its own."""

_NEVER_NOMINATED: Final = frozenset(
    (
        *(b"authorization", b"cookie", b"host", b"origin", b"via"),
        *(b"cache-control", b"content-length", b"content-security-policy", b"content-type"),
        *(b"location", b"set-cookie", b"strict-transport-security", b"www-authenticate"),
    )
)
"""`Connection: cookie` must not make us drop framing, what the application decides by
(CVE-2022-31813), or what protects the visitor."""

_ORDINARY: Final = HOP_BY_HOP | {b"close", b""}
"""What `Connection` names and is gone or meaningless anyway."""

_MANAGED: Final = re.compile(
    r"forwarded|x-forwarded(-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip"
    r"|cf-connecting-ip|fastly-client-ip|x-scheme|x-original-.*|x-rewrite-url"
    r"|x-http-method(-override)?|x-method-override|proxy|remote-(user|groups|name|email)"
    r"|x-remote-user|x-auth-.*|x-authenticated-.*|x-webauth-.*|x-ssl-client-.*|x-accel-.*"
    r"|x-sidecar-.*"
)
"""Names by which peers speak for a proxy: removed from every request, then set by us or absent."""

CONTROLS: Final = bytes(range(0x20)).replace(b"\t", b"") + b"\x7f"
"""Bytes that no field may hold (RFC 9110 §5.5)."""

_NAMES_KEPT: Final = 512
"""Spellings whose fate is remembered; whoever invents names makes us forget, no more."""

# What is found about a field by its name, and about all fields of a message together.
READ: Final = 1
"""Identity sources may see it."""
SENT: Final = 2
"""It goes on."""
COOKIES: Final = 4
NOMINATES: Final = 8
UNDECLARED: Final = 16
"""It may carry a credential that no identity source asks about."""
PASSED: Final = 32
"""`Via`: the message came through other proxies."""
CACHED: Final = 64
"""It tells caches what they may keep."""
LENGTH: Final = 128
CODED: Final = 256
"""`Transfer-Encoding`: the body may have a coding that would be lost on the way."""
HOST: Final = 512
ROUTE: Final = 1024
"""`X-Forwarded-For`: proxies say where the message came from."""
CARRIES: Final = 2048
"""Somebody may be known by it."""


def is_managed(name: str) -> bool:
    """Tell whether a field of this name (any spelling) is ours to set."""
    return _MANAGED.fullmatch(normal(name)) is not None


def nominated(headers: RawHeaders) -> frozenset[bytes]:
    """Return the further fields that `Connection` names as hop-by-hop, but for protected ones."""
    return frozenset().union(
        *(nominated_by(value) for name, value in headers if name.lower() == b"connection")
    )


@lru_cache(maxsize=64)
def nominated_by(value: bytes) -> frozenset[bytes]:
    """Return the same for one field."""
    named = {token.strip().lower() for token in value.split(b",")}
    return frozenset(named - _ORDINARY - _NEVER_NOMINATED)


def block(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the fields as they stand in a head, each line with its end.

    Raises:
        UnsafeHead: as in `joined`.

    """
    return joined([b"%b: %b\r\n" % one for one in headers])


def joined(lines: list[bytes]) -> bytes:
    """Return lines in one piece.

    Raises:
        UnsafeHead: one has a control byte beside its own end, and could start a line of its own.

    """
    text = b"".join(lines)
    if len(text) - len(text.translate(None, CONTROLS)) != 2 * len(lines):
        raise UnsafeHead("header field")
    return text


class Fates(dict[bytes, int]):
    """What becomes of fields, by name as it is spelled.

    Looked up once per field of every message, so it is remembered: names come in few spellings.
    """

    def __missing__(self, name: bytes) -> int:
        if len(self) >= _NAMES_KEPT:
            self.clear()
        self[name] = fate = self.judge(name.lower())
        return fate

    def judge(self, lower: bytes) -> int:
        raise KeyError(lower)
