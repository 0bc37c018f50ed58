"""The whole of sidecar.yaml; each description is the hover help in editors."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StrictBool

from sidecar.core.durations import parse_duration
from sidecar.settings.budgets import MessagesPart
from sidecar.settings.edges import (
    CredentialCarriers,
    Limits,
    Listen,
    Login,
    Upstream,
    WebSocket,
)
from sidecar.settings.kinds import Day, Duration, OneOrMany, Positive, PublicOrigin, Workers
from sidecar.settings.management import ManagementPart
from sidecar.settings.part import Part
from sidecar.settings.resting import KeyPart, RedisPart, RetentionPart, StoragePart
from sidecar.settings.rules import PolicyPart

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")]
"""An instance name: the key under which a plugin or application is declared."""


class Unidentified(StrEnum):
    """What happens to a request from nobody outside the login paths."""

    REDIRECT = "redirect"
    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105 - a word, no password


class PluginPart(BaseModel):
    """A plugin by its instance name; keys beside those named here are its own options."""

    model_config = ConfigDict(
        extra="allow", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    plugin: str | None = None
    """A bundled plugin, or `module:ATTRIBUTE`; the instance name where left out."""


class SourcePart(PluginPart):
    """An identity source: tells who a request is from."""

    realm: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,64}$")] | None = None
    """Whose people these are; the instance name where left out. Sources of the same people
    declare the same realm."""


class Profile(StrEnum):
    """Which published requirements bind: ASVS level 2, ASVS level 3, NIST 800-63B AAL2 or AAL3."""

    STANDARD = "standard"
    ASVS_L3 = "asvs-l3"
    NIST_AAL2 = "nist-aal2"
    NIST_AAL3 = "nist-aal3"

    @property
    def strict(self) -> bool:
        """Email counts for nothing: ASVS 6.3.6, NIST 800-63B §3.1.3.1."""
        return self is not Profile.STANDARD

    @property
    def nist(self) -> bool:
        """No browser is remembered: NIST 800-63B §5.1."""
        return self in {Profile.NIST_AAL2, Profile.NIST_AAL3}


class EnrollmentPart(Part):
    """Who may set up a first factor, and when a stronger one counts."""

    first: Literal["invited", "confirmed", "open"]
    """`invited` needs a code from `sidecar users invite`; `confirmed` sends one to the address
    that the identity source states; `open` lets whoever knows the password in first, until the
    day below."""
    until: Day | None = None
    """The last day (UTC) of `open`."""
    hold: Duration = parse_duration("24h")
    """How long a new authenticator proves no more than the session that set it up did; the person
    is told at once and can undo it. `0s` turns it off."""

    @property
    def open_until(self) -> datetime | None:
        """The moment at which open enrollment ends; None where it is not open."""
        if self.first != "open" or self.until is None:
            return None
        return datetime.combine(self.until + timedelta(days=1), time(), UTC)


class SessionPart(Part):
    """How long what was proven is remembered."""

    idle: Duration = parse_duration("1h")
    """A session without activity ends after this."""
    lifetime: Duration = parse_duration("24h")
    """Any session ends after this."""
    store: Literal["database", "redis"] = "database"
    """Where is kept what was proven in a session; lost with Redis, it is proven again."""


class TrustedDevicesPart(Part):
    """Browsers that people ask to be remembered: never a fresh proof, never phishing-resistant."""

    enabled: StrictBool = False
    """People may have a browser remembered. NIST profiles forbid it."""
    lifetime: Duration = parse_duration("30d")
    """How long a browser is remembered after a proof."""
    not_after: tuple[Name, ...] = ()
    """Factors after whose proof no browser is remembered, such as `sms`; backup codes never."""


def _prefix(value: str) -> str:
    inner = value.strip("/")
    plain = inner.replace("/", "").replace("-", "").replace("_", "")
    if not (value == f"/{inner}/" and "//" not in value and plain.isascii() and plain.isalnum()):
        raise ValueError("a prefix is written /_sidecar/: letters, digits, - and _ between slashes")
    if value != value.lower():
        raise ValueError("a prefix is written in lower case")
    return value


class PagesPart(Part):
    """The sidecar's own pages."""

    prefix: Annotated[str, AfterValidator(_prefix)] = "/_sidecar/"
    """Requests under it are ours and never reach an application."""
    name: Annotated[str, Field(min_length=1, max_length=60)] = "Sign-in protection"
    """The name people know the application by, on top of every page."""
    help: Annotated[str, Field(max_length=300)] = ""
    """Whom to ask, on every page and where a person is stuck."""
    help_url: Annotated[str, Field(pattern="^(https://|mailto:)")] | None = None
    """Where help is found, as a link."""


class LoggingPart(Part):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are written."""
    format: Literal["json", "console"] = "json"
    """`console` is for people, `json` for collectors."""


class SentryPart(Part):
    """Failures go to Sentry, scrubbed; needs the extra `sentry`."""

    dsn: SecretStr
    """The project's address, as Sentry shows it."""


class Settings(Part):
    """Everything the sidecar is told."""

    public: Annotated[tuple[PublicOrigin, ...], OneOrMany(), Field(min_length=1)]
    """The origins by which browsers reach us; any other Host is refused (421)."""
    insecure_http: StrictBool = False
    """Allows `http:` in `public` for hosts other than localhost; everything is readable then."""
    listen: Listen = Listen()
    """Where the sidecar itself listens."""
    workers: Workers = 1
    """Processes of this machine that share the listeners and the database: one for each core that
    the sidecar may use, up to 64. `limits` count in each."""
    drain: Duration = parse_duration("30s")
    """How long requests that were begun may take to finish once a stop was asked for (SIGTERM);
    what is left then is cut."""
    management: ManagementPart = ManagementPart()
    """Who may call the management API, and how often."""
    upstreams: Annotated[Mapping[Name, Upstream], Field(min_length=1)]
    """The protected applications, by name."""
    login: Login = Login()
    """The application's own login."""
    identity: Annotated[Mapping[Name, SourcePart], Field(min_length=1)]
    """Identity sources, asked in this order for every request outside `bypass`."""
    credential_carriers: CredentialCarriers = CredentialCarriers()
    """Names that carry credentials, beside Authorization and Proxy-Authorization."""
    unidentified: Unidentified = Unidentified.REFUSE
    """What happens to nobody: `redirect` to the login page, `refuse`, or `pass` without any
    credential."""
    enrollment: EnrollmentPart
    """Who may set up a first factor; there is no default."""
    factors: Annotated[Mapping[Name, PluginPart], Field(min_length=1)]
    """The kinds of proof people may set up, by name."""
    transports: Mapping[Name, PluginPart] = Field(default_factory=dict)
    """What carries messages, by name; the first that carries a channel also carries notices."""
    messages: MessagesPart = MessagesPart()
    """How many messages may be sent, and where to."""
    trusted_devices: TrustedDevicesPart = TrustedDevicesPart()
    """Remembering browsers."""
    profile: Profile = Profile.STANDARD
    """Which published requirements bind."""
    plugin_timeout: Duration = parse_duration("5s")
    """How long a factor plugin may take to answer; a later answer is none."""
    policy: PolicyPart = PolicyPart()
    """What is asked of which requests."""
    session: SessionPart = SessionPart()
    """How long what was proven is remembered."""
    storage: StoragePart = StoragePart()
    """Where things are kept."""
    replicas: Positive = 1
    """How many sidecars, on whatever machines, share the database; at most, where that changes."""
    redis: RedisPart | None = None
    """A Redis that the replicas share; without it each replica counts its limits for itself."""
    retention: RetentionPart = RetentionPart()
    """How long is kept what is over."""
    keys: Annotated[tuple[KeyPart, ...], Field(min_length=1)]
    """Root keys, from which every other key is derived."""
    websocket: WebSocket = WebSocket()
    """Who may open WebSockets."""
    pages: PagesPart = PagesPart()
    """The sidecar's own pages."""
    logging: LoggingPart = LoggingPart()
    """What is written to standard error."""
    sentry: SentryPart | None = None
    """Failures go to Sentry."""
    limits: Limits = Limits()
    """What one client may cost."""

    def upstream_for(self, authority: str) -> str | None:
        """Return the name of the application that answers for a public authority."""
        lists = {name: self.authorities(part.hosts) for name, part in self.upstreams.items()}
        named = next((name for name, hosts in lists.items() if authority in hosts), None)
        return named or next((name for name, hosts in lists.items() if not hosts), None)

    def authorities(self, hosts: Iterable[str]) -> frozenset[str]:
        """Return what requests for these public hosts say: `host`, or `host:port`.

        Hosts are written without port, requests arrive with the one of their origin.
        """
        wanted = frozenset(hosts)
        ported = {origin.authority for origin in self.public if origin.host in wanted}
        return wanted | ported
