"""A name that a proxy in front of us states in a header, believed from that proxy only.

Does not protect against whoever can send from the addresses listed, or learns the shared secret.
"""

from collections.abc import Iterator
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from sidecar.core.errors import IdentityUnavailable
from sidecar.core.model import Claims, Identity, Person
from sidecar.core.protocols import (
    Carriers,
    IdentitySource,
    Plugin,
    RequestView,
    SourceTraits,
    Tools,
)
from sidecar.core.subjects import Fold, claim_of, groups_of, subject_of

WIDE: Final = 16
"""Addresses in a row that may be believed on their word: an IPv4 /28 or an IPv6 /124."""

_NOT_OURS: Final = frozenset(
    {
        *("authorization", "connection", "content-length", "content-type", "cookie", "forwarded"),
        *("host", "origin", "proxy-authorization", "te", "trailer", "transfer-encoding"),
        *("upgrade", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    }
)
"""Headers with a meaning of their own: owning one would take it from every request."""


def _header(name: str) -> str:
    if name.lower() in _NOT_OURS:
        raise ValueError(f"{name} has a meaning of its own and cannot name a person")
    return name.lower()


def _written(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("write a network as text, such as 10.1.2.3/32")  # noqa: TRY004 - pydantic
    return value


Header = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^`|~-]{1,64}$"), AfterValidator(_header)
]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_written)]


class Secret(BaseModel):
    """A header that only the proxy knows the value of."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    header: Header
    """Header in which the proxy proves itself; never passed on."""
    value: SecretStr = Field(min_length=16)
    """What it says, at least 16 characters: `${ENV}` or `file:`."""


class Options(BaseModel):
    """Which headers speak, and who may send them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    header: Header
    """Header with the person's stable id."""
    email_header: Header | None = None
    """Header with the person's email address."""
    name_header: Header | None = None
    """Header with the person's name."""
    groups_header: Header | None = None
    """Header with the person's groups."""
    groups_separator: str = Field(default=",", min_length=1, max_length=1)
    """What stands between two groups."""
    senders: tuple[Network, ...] = Field(alias="from", min_length=1)
    """Addresses whose headers are believed; whoever connects from elsewhere is nobody."""
    secret: Secret | None = None
    """Shared secret; it, or mtls, is needed where `from` is wider than /28 (IPv6: /124)."""
    mtls: bool = False
    """Believe only connections with a client certificate that `listen.tls.client_ca` signed."""
    normalize: tuple[Fold, ...] = ()
    """Foldings that the application does too: nfkc, casefold."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that tell about the person, the subject's first."""
        named = (self.header, self.email_header, self.name_header, self.groups_header)
        return tuple(name for name in named if name)

    @model_validator(mode="after")
    def _narrow_or_proven(self) -> Self:
        wide = [network for network in _joined(self.senders) if network.num_addresses > WIDE]
        if wide and not (self.secret or self.mtls):
            raise ValueError(
                f"from: {wide[0]} is wider than /28 (IPv6: /124), so anybody in it could name"
                " anybody; add secret: {header, value} or mtls: true"
            )
        return self

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        names = [*self.headers, *([self.secret.header] if self.secret else [])]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"header {twice[0]} is named for two things")
        return self


class ForwardedHeader:
    """Identities that an authenticating proxy states."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options = options
        self._tools = tools
        secret = {options.secret.header} if options.secret else set()
        headers = frozenset(options.headers)
        self.traits = SourceTraits(Carriers(headers=headers), owned_headers=headers | secret)

    def credential(self, request: RequestView) -> bytes | None:
        if not self._believed(request) or not request.one(self._options.header):
            return None
        values = (request.one(name) or b"" for name in self._options.headers)
        return b"".join(len(value).to_bytes(4, "big") + value for value in values)

    async def identify(self, request: RequestView) -> Identity | None:
        if self.credential(request) is None:
            return None
        options, tools = self._options, self._tools
        subject = subject_of(_read(request, options.header), options.normalize)
        claims = Claims(
            name=claim_of(_read(request, options.name_header)),
            email=claim_of(_read(request, options.email_header)),
            groups=self._groups(request),
        )
        return Identity(Person(tools.realm, subject), tools.instance, claims)

    def _believed(self, request: RequestView) -> bool:
        """Tell whether the connection, not what it says about itself, is the proxy's."""
        options = self._options
        if not _inside(request.peer, options.senders):
            return False
        if options.mtls and not request.peer_verified:
            return False
        if options.secret is None:
            return True
        said = request.one(options.secret.header) or b""
        return compare_digest(said, options.secret.value.get_secret_value().encode())

    def _groups(self, request: RequestView) -> frozenset[str]:
        parts = _read(request, self._options.groups_header).split(self._options.groups_separator)
        return groups_of([part.strip() for part in parts if part.strip()])


def _read(request: RequestView, name: str | None) -> str:
    try:
        return ((request.one(name) if name else None) or b"").decode()
    except UnicodeDecodeError as error:
        raise IdentityUnavailable(f"header {name} is not UTF-8") from error


def _inside(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    # A socket that takes both versions names IPv4 peers ::ffff:a.b.c.d.
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in networks)


def _joined(networks: tuple[Network, ...]) -> Iterator[IPv4Network | IPv6Network]:
    """Yield the fewest networks that cover them: two /28 side by side are a /27."""
    yield from collapse_addresses([one for one in networks if isinstance(one, IPv4Network)])
    yield from collapse_addresses([one for one in networks if isinstance(one, IPv6Network)])


PLUGIN: Plugin[Options, IdentitySource] = Plugin(Options, ForwardedHeader)
