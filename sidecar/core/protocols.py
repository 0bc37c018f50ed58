"""The ports of plugins; those of storage are in `stores`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from sidecar.core.errors import MalformedRequest
from sidecar.core.keyed import Keyed
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Identity,
    Level,
    Person,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.transports import Transport

Clock = Callable[[], datetime]
"""Returns the present moment in UTC; injected, so that tests travel in time."""

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""Header fields in wire order and spelling."""

O = TypeVar("O")  # noqa: E741 - reads as "options" beside P_co
O_contra = TypeVar("O_contra", contravariant=True)
P_co = TypeVar("P_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """An application's answer to a question of ours, read whole."""

    status: int
    headers: RawHeaders
    body: bytes = field(repr=False)


class AskUpstream(Protocol):
    """Ask an application something, over the connections its traffic uses."""

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        """Return the answer to a GET with exactly these headers; redirects are not followed.

        Raises:
            UpstreamUnreachable: refused, broken, malformed, or longer than the limit.
            UpstreamTimedOut: not whole after `timeout_s` seconds.

        """
        ...


class CallOutside(Protocol):
    """Calls a vendor's or an operator's HTTP interface; guarded, and never follows redirects."""

    async def __call__(
        self,
        method: str,
        url: str,
        headers: RawHeaders = (),
        body: bytes = b"",
        *,
        timeout_s: float,
        private: bool = False,
    ) -> Asked:
        """Return the answer, read whole up to 64 KiB; certificates are verified.

        `private` allows loopback, private and link-local addresses, which are refused otherwise
        (SSRF, ASVS 1.3.6); plain `http:` is allowed with it alone.

        Raises:
            DeliveryFailed: `unavailable` where nothing was sent, `unsure` where the answer is
                missing, late, malformed or too long.

        """
        ...


class Dear(Protocol):
    """Runs work that costs much CPU or memory off the loop, at most two at a time (argon2)."""

    async def __call__(self, work: Callable[[], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What the composition root lends a plugin; it takes nothing else from outside."""

    instance: str
    """The instance name: its key in sidecar.yaml."""
    realm: str
    """The default realm of an identity source: its instance name, unless declared."""
    keyed: Keyed = field(repr=False)
    """HMAC-SHA256 under keys that belong to this instance alone (the pepper)."""
    ask: AskUpstream
    dear: Dear
    call: CallOutside
    transport: Callable[[str], Transport]
    """Another transport by its instance name; asked for when it is used, not while being built."""
    now: Clock
    origins: tuple[str, ...] = ()
    """The public origins by which browsers reach us, such as `https://shop.example.com`."""
    callback: str = ""
    """Where the provider of a transport may tell what became of a letter."""


class Build(Protocol[O_contra, P_co]):
    """Makes the plugin from its validated options."""

    def __call__(self, options: O_contra, tools: Tools, /) -> P_co: ...


@dataclass(frozen=True, slots=True)
class Plugin(Generic[O, P_co]):
    """The last line of each plugin file: its options' schema and how to build it."""

    options: type[O]
    build: Build[O, P_co]
    files: Path | None = None
    """A folder of the plugin's own `prompts/`, `messages/`, `static/` and `locale/`."""


@dataclass(frozen=True, slots=True)
class FactorTraits:
    """What a proof by this factor is worth and how it may be used."""

    proves: str
    """`possession`, `inherence` or `knowledge`; only the first is worth more than a login."""
    level: Level = Level.TWO_FACTOR
    amr: tuple[str, ...] = ("otp",)
    """What confirming an enrollment proves (RFC 8176)."""
    phishing_resistant: bool = False
    restricted: bool = False
    """NIST 800-63B §3.2.9: allowed with a notice and with alternatives (text messages)."""
    strict: bool = True
    """Counts as a second factor under the strict profiles (email does not: ASVS 6.3.6)."""
    only_one: bool = False
    """A person has one authenticator of this factor; a new one replaces it."""
    stands_in: bool = False
    """Spare for a lost factor (backup codes): never enrolled first, never the last one kept."""
    channel: str = ""
    """The channel of the messages that its codes travel by; empty where it sends none."""
    label: str = ""
    """What people call it where the templates have no word: English, or in its own `locale/`."""
    seeded: bool = False
    """Takes seeds of other systems and gives them out: it is a `sidecar.core.seeds.Seeded` too."""

    @property
    def strongest(self) -> Level:
        """The level that one proof of it gives; of what one knows, or is, alone: one factor."""
        if self.proves != "possession":  # NIST SP 800-63B-4 §2.2.1, §3.2.3; ASVS 6.5.7
            return Level.ONE_FACTOR
        return Level.PHISHING_RESISTANT if self.phishing_resistant else self.level


REASONS = frozenset(
    {"wrong", "malformed", "already-used", "clock-off"}
    | {"unknown-key", "cloned", "unverified", "unsuitable", "already-registered"}
    | {"bad-address", "region-refused", "risk-not-accepted"}
)
"""Why an answer may be rejected: `unknown-key` (not registered, or removed), `cloned` (its counter
went back), `unverified` (no PIN or biometric where one is required), `unsuitable` (a kind that is
not allowed), `region-refused` (no codes go there), `risk-not-accepted` (of a restricted factor)."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who a ceremony is for and when it happens."""

    person: Person
    label: str
    """How the person is called on pages and in apps: email, name or subject."""
    now: datetime
    subject_id: str
    """The challenge's id, or that of an enrollment in all its steps, for codes bound to it."""
    held: tuple[Authenticator, ...] = field(default=(), repr=False)
    """All that the person has of this factor, whether usable now or not, and not removed."""


class Factor(Protocol):
    """A kind of proof: two ceremonies of two pure steps each; effects are returned, never done."""

    @property
    def traits(self) -> FactorTraits: ...

    async def begin_enrollment(self, context: Context, request: Response) -> Started: ...

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        """Return the outcome, or the next step where the enrollment has more than one."""
        ...

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started: ...

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected: ...


@dataclass(frozen=True, slots=True)
class Carriers:
    """Where a source looks for credentials; names are lower case."""

    headers: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()
    cookies: frozenset[str] = frozenset()
    """Cookie names that must not occur twice in one request."""
    any_cookie: bool = False
    """The whole Cookie header is the credential."""


@dataclass(frozen=True, slots=True)
class SourceTraits:
    """How an identity source behaves toward the cache and the header contract."""

    carriers: Carriers
    keep: timedelta = timedelta(0)
    """How long an answer may be reused for the same credential bytes; zero: never."""
    owned_headers: frozenset[str] = frozenset()
    """Headers (lower case) only this source may believe; removed from everybody's requests."""


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as identity sources see it: our names and hop-by-hop headers are already gone."""

    method: str
    path: str
    query: str
    host: str
    scheme: str
    headers: RawHeaders = field(repr=False)
    peer: str
    client: str
    peer_verified: bool = False
    """The TCP peer proved itself with a client certificate."""
    upstream: str = ""

    def all(self, name: str) -> tuple[bytes, ...]:
        """Return every value of a header, in order; `name` in any case."""
        wanted = name.lower().encode("ascii")
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    def one(self, name: str) -> bytes | None:
        """Return the value of a header that may occur once.

        Raises:
            MalformedRequest: it occurs more than once, so peers may disagree which one counts.

        """
        values = self.all(name)
        if len(values) > 1:
            raise MalformedRequest(f"header {name} occurs {len(values)} times")
        return values[0] if values else None


class IdentitySource(Protocol):
    """Reads who a request is from."""

    @property
    def traits(self) -> SourceTraits: ...

    def credential(self, request: RequestView) -> bytes | None:
        """Return the exact credential bytes that the answer depends on; None: not mine.

        Raises:
            MalformedRequest: a declared credential occurs twice.

        """
        ...

    async def identify(self, request: RequestView) -> Identity | None:
        """Return who it is; None: the credential belongs to nobody.

        Raises:
            IdentityUnavailable: it could not be told, which is never "nobody".

        """
        ...
