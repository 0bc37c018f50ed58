"""The cookies of ours: their names, how they are set, and how they are told apart."""

from dataclasses import dataclass
from functools import cache

SESSION = "sidecar"
KNOWN = "sidecar-known"
TRUSTED = "sidecar-trusted"
LANGUAGE = "sidecar-lang"
_HOST = "__Host-"


@cache
def names_of_ours() -> frozenset[str]:
    """Return every name that is ours, normalised by `normal`."""
    ours = (SESSION, KNOWN, TRUSTED, LANGUAGE)
    return frozenset(normal(prefix + name) for prefix in ("", _HOST) for name in ours)


def normal(name: str) -> str:
    """Return a name as careless readers see it: lower case, `_` and `.` as `-`."""
    return name.lower().replace("_", "-").replace(".", "-")


def names_our_cookie(set_cookie: bytes) -> bool:
    """Tell whether a `Set-Cookie` value would set or remove one of our cookies.

    Browsers send a cookie without a name as its value alone, so `=sidecar=x` comes back as ours.
    """
    pair = set_cookie.partition(b";")[0].lstrip(b" \t=")
    name = pair.partition(b"=")[0].decode("latin-1").strip()
    return normal(name) in names_of_ours()


@dataclass(frozen=True, slots=True)
class CookieJar:
    """How this origin's cookies look: `__Host-` and Secure for https, plain for http.

    Decided by the public origin and not by the connection to us, since TLS usually ends before
    us. Source: RFC 6265bis §4.1.3.2, NIST 800-63B §5.1.1.
    """

    secure: bool

    def name(self, plain: str) -> str:
        """Return the full name of one of our cookies."""
        return _HOST + plain if self.secure else plain

    def put(self, plain: str, value: str, *, max_age_s: int | None = None) -> str:
        """Return the `Set-Cookie` value that sets it; without an age, until the browser closes."""
        age = "" if max_age_s is None else f"; Max-Age={max_age_s}"
        secure = "; Secure" if self.secure else ""
        return f"{self.name(plain)}={value}; Path=/{age}{secure}; HttpOnly; SameSite=Lax"

    def drop(self, plain: str) -> str:
        """Return the `Set-Cookie` value that removes it."""
        return self.put(plain, "", max_age_s=0)
