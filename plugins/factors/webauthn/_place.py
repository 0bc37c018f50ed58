"""Where keys work: their rp_id is the host of every origin, or a parent of it that one can own.

Browsers bind a key to its rp_id, which makes it worthless to a page elsewhere; so a name under
which strangers have pages too would bind it to nobody.
Source: WebAuthn L3 §5.1.3 step 8, NIST 800-63B §3.2.5.2 (VNB-1 to VNB-3).
"""

from collections.abc import Iterable
from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

APPS = "android:apk-key-hash:"
"""How Android apps write their origin; they are bound to the rp_id by a file of its host."""


def check_place(rp_id: str, origins: Iterable[str]) -> None:
    """Keys of this rp_id work at all these origins, and at no stranger's.

    Raises:
        ValueError: they would not; the text says what to write instead.

    """
    hosts = {_host(origin): origin for origin in origins if not origin.startswith(APPS)}
    if not hosts:
        raise ValueError("keys work by name of an origin, and there is none")
    if rp_id.rsplit(".", 1)[-1].isdigit():
        raise ValueError(f"rp_id {rp_id} is an address; browsers bind keys to names only")
    for host, origin in hosts.items():
        if host != rp_id and not host.endswith(f".{rp_id}"):
            raise ValueError(f"rp_id {rp_id} is neither the host of {origin} nor a parent of it")
    if _anybodys(rp_id, hosts):
        raise ValueError(
            f"rp_id {rp_id} is a public suffix, below which anybody may have a page;"
            f" write {min(hosts, key=len)}"
        )


def _host(origin: str) -> str:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    local = host == "localhost" or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError(f"browsers offer keys to https:// pages only, and {origin} is none")
    return host


def _anybodys(rp_id: str, hosts: Iterable[str]) -> bool:
    """Tell whether pages of several owners lie at or below the name.

    A name that the list does not know, such as a host of an intranet, belongs to whoever runs it;
    browsers take it where it is the whole host.
    """
    listed, unlisted = _suffix(rp_id)
    return listed or (unlisted and any(host != rp_id for host in hosts))


@cache
def _suffix(name: str) -> tuple[bool, bool]:
    """Tell whether the name is a public suffix by the list, or for want of an entry in it."""
    suffixes = PublicSuffixList()
    return suffixes.is_public(name, accept_unknown=False), suffixes.is_public(name)
