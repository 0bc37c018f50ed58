"""How single values of sidecar.yaml are read: durations, sizes, origins, addresses, globs."""

import re
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

_SIZES: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2}
_SIZE: Final = re.compile(r"([0-9]{1,9})(B|KiB|MiB)")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}")
_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^/:?#@\[\]]+)(?::([0-9]{1,5}))?")
_FOREIGN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._~-]+(:[0-9]{1,5})?")
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+|localhost):([0-9]{1,5})")
_UPSTREAM: Final = re.compile(
    r"unix:(/[^?#\s]+)|https?://(?:\[([0-9A-Fa-f:.]+)\]|([^/?#@:\[\]\s]+))(?::([0-9]{1,5}))?/?"
)
_GLOB: Final = re.compile(r"/[!$-~]*")
MAX_PORT: Final = 65535
MAX_PATH: Final = 107
"""Bytes in the name of a unix socket (unix(7))."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text is expected here")  # noqa: TRY004 - pydantic collects ValueError
    return value


def parse_size(value: object) -> int:
    """Return the bytes of a text such as `64KiB`.

    Raises:
        ValueError: not a whole number with one of the units.

    """
    hit = _SIZE.fullmatch(value if isinstance(value, str) else "")
    if hit is None:
        raise ValueError("a size is written 512B, 64KiB or 1MiB")
    return int(hit[1]) * _SIZES[hit[2]]


def show_size(value: int) -> str:
    unit, factor = next(
        (unit, factor) for unit, factor in reversed(_SIZES.items()) if value % factor == 0
    )
    return f"{value // factor}{unit}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, the way browsers write an origin."""

    scheme: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """What the Host header says for this origin."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def local(self) -> bool:
        """Whether browsers trust this origin without https (localhost and its subdomains)."""
        return self.host == "localhost" or self.host.endswith(".localhost")


def parse_origin(value: object) -> Origin:
    """Return the origin of a text such as `https://shop.example.com`.

    Raises:
        ValueError: it has a path or user name, or a host that no browser would send like this.

    """
    hit = _ORIGIN.fullmatch(_text(value))
    if hit is None:
        raise ValueError("an origin is written https://host or https://host:port, nothing behind")
    scheme, host, port = hit[1], parse_host(hit[2]), int(hit[3]) if hit[3] else None
    if port is not None and not 0 < port <= MAX_PORT:
        raise ValueError(f"there is no port {port}")
    default = {"http": 80, "https": 443}[scheme]
    return Origin(scheme, host, None if port == default else port)


def parse_page_origin(value: object) -> str:
    """Return what a browser's `Origin` header says for pages of this origin.

    That may be `null`, or a scheme of its own such as `capacitor://localhost`.

    Raises:
        ValueError: no browser would send it like this.

    """
    text = _text(value)
    if text.startswith(("http:", "https:")):
        return str(parse_origin(text))
    if text != "null" and not _FOREIGN.fullmatch(text):
        raise ValueError("an origin is written https://host, app://host, or null; in lower case")
    return text


def parse_host(value: object) -> str:
    """Return the host name.

    Raises:
        ValueError: upper case, or letters beyond ASCII: Host headers carry neither.

    """
    text = _text(value)
    if text.startswith("["):
        return f"[{ip_address(text[1:-1]).compressed}]"
    if not _HOST.fullmatch(text):
        raise ValueError("a host is written in lower case ASCII (xn--… for other letters), no port")
    return text


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener binds: host and port, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def local(self) -> bool:
        """Only this machine reaches it."""
        return bool(self.path) or ip_address(self.host).is_loopback

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(value: object) -> Address:
    """Return the address of a text such as `0.0.0.0:8080` or `unix:/run/sidecar.sock`.

    Raises:
        ValueError: a name that would have to be looked up, or no port.

    """
    text = _text(value)
    if text.startswith("unix:/"):
        return Address(path=text.removeprefix("unix:"))
    hit = _ADDRESS.fullmatch(text)
    if hit is None or int(hit[2]) > MAX_PORT:
        raise ValueError("an address is written 0.0.0.0:8080, [::]:8080 or unix:/path.sock")
    host = hit[1].strip("[]")
    if host != "localhost":
        ip_address(host)
    return Address(host, int(hit[2]))


def parse_network(value: object) -> IPv4Network | IPv6Network:
    """Return the network of a text such as `10.1.2.0/28` or a single address.

    Raises:
        ValueError: not a network, or bits are set behind its prefix.

    """
    return ip_network(_text(value), strict=True)


def parse_upstream(value: object) -> str:
    """Return the URL of an application, without a slash at its end.

    Raises:
        ValueError: a path, query or user name, which the sidecar would have to add to requests; or
            a host or port that there cannot be.

    """
    text = _text(value)
    hit = _UPSTREAM.fullmatch(text)
    if hit is None:
        raise ValueError("an upstream is written http://host:port, https://host or unix:/path.sock")
    path, address, host, port = hit.groups()
    if path is not None:
        if len(path.encode()) > MAX_PATH:
            raise ValueError(f"the path of a socket is {MAX_PATH} bytes long at most")
        return text
    if port is not None and not 0 < int(port) <= MAX_PORT:
        raise ValueError(f"there is no port {port}")
    try:
        ip_address(address) if address is not None else host.encode("idna")
    except ValueError as error:
        raise ValueError(f"there is no host {address or host}") from error
    return text.removesuffix("/")


def parse_glob(value: object) -> str:
    """Return a path pattern.

    Raises:
        ValueError: it could match no path: paths start with a slash and hold neither `?` nor `#`.

    """
    text = _text(value)
    if not _GLOB.fullmatch(text) or "***" in text:
        raise ValueError("a path starts with / and knows * and **; spaces and others as %20")
    if "?" in text or "#" in text:
        raise ValueError("a path has no ? or #: the query is never part of a match")
    return text


def parse_regex(value: object) -> str:
    """Return a regular expression.

    Raises:
        ValueError: it does not compile.

    """
    text = _text(value)
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"the expression does not compile: {error}") from error
    return text


def parse_date(value: object) -> date:
    """Return the date of a text such as `2027-01-31`.

    Raises:
        ValueError: no such day.

    """
    try:
        found = date.fromisoformat(_text(value))
    except ValueError as error:
        raise ValueError("a date is written 2027-01-31") from error
    if found.year == date.max.year:
        raise ValueError("no day would follow it")
    return found


def listed(value: object) -> object:
    """Return a lone text as a list of one, so that both may be written."""
    return [value] if isinstance(value, str) else value


def counted(value: object) -> object:
    """Return the value unless it is a truth value, which Python takes for 0 or 1.

    Raises:
        ValueError: `true` or `false`.

    """
    if isinstance(value, bool):
        raise ValueError("a whole number is expected here")  # noqa: TRY004 - as above
    return value
