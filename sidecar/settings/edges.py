"""The sections about what lies around the sidecar: listeners, applications, their login."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sidecar.core.durations import parse_duration
from sidecar.core.paths import DEFAULT_TREATMENTS, PathClass, Treatment
from sidecar.settings.kinds import (
    Count,
    Duration,
    Glob,
    Host,
    ListenAddress,
    Network,
    OneOrMany,
    PageOrigin,
    Positive,
    Size,
    UpstreamUrl,
)
from sidecar.settings.part import Part
from sidecar.settings.words import Address


class Tls(Part):
    """TLS up to this process; leave it out where it ends before."""

    cert: str
    """PEM file with the certificate chain."""
    key: str
    """PEM file with the private key."""
    client_ca: str | None = None
    """PEM file with the authorities of client certificates; a peer that shows one counts as
    verified, one without is served all the same."""


class Listen(Part):
    """Where the sidecar itself listens."""

    public: ListenAddress = Address("127.0.0.1", 8080)
    """Visitors arrive here."""
    management: ListenAddress | None = None
    """Serves the management API to clients with a token or certificate; not opened unless given,
    and not before there is such a client. Keep it inside the cluster."""
    probes: ListenAddress | None = None
    """Answers /health/live, /health/ready and /metrics, nothing else; not opened unless given."""
    trusted_proxies: Annotated[tuple[Network, ...], OneOrMany()] = ()
    """Peers whose X-Forwarded-For is believed; there is no default."""
    tls: Tls | None = None
    """Serve the public listener over TLS."""


class Upstream(Part):
    """A protected application."""

    url: Annotated[tuple[UpstreamUrl, ...], OneOrMany(), Field(min_length=1)]
    """Where it listens: http://host:port, https://host:port or unix:/path.sock; or a list, each of
    which serves every request. A host name counts as one, whatever it resolves to."""
    hosts: Annotated[tuple[Host, ...], OneOrMany()] = ()
    """Public host names it answers for; without any it takes all that no other one lists."""
    paths: Mapping[PathClass, Treatment] = Field(default_factory=dict)
    """Turns a disputed kind of path into `refuse` (400) or `read` (judged under every reading)."""
    connect_timeout: Duration = parse_duration("5s")
    """How long a connection may take to open, whatever addresses are tried; and how long a request
    waits for its turn before that, where `max_connections` are open."""
    head_timeout: Duration = parse_duration("60s")
    """From the end of a request to the head of its answer."""
    idle_timeout: Duration = parse_duration("10m")
    """Between two bytes of an answer; `0s` is no limit. WebSockets: `limits.tunnel_idle`."""
    total_timeout: Duration | None = None
    """From the start of a request to the end of its answer, downloads and streams included.
    Unlimited unless given."""
    keep_alive: Duration = parse_duration("15s")
    """How long an idle connection is kept, `0s`: it is not. Shorter than the application keeps it,
    or requests now and then meet one that it has just closed."""
    max_connections: Positive | None = None
    """Connections at once to all its addresses, idle ones and WebSockets included; more requests
    wait their turn. Unlimited unless given."""
    max_pending: Count = 1024
    """Requests that may wait where `max_connections` are open; the next one is answered 503."""
    ca_file: str | None = None
    """PEM file with the authorities an https application is checked against; the system's if not
    given. Its certificate is always checked."""
    server_name: Host | None = None
    """Name that the certificate of an https application is issued to, where its URL has another."""
    client_cert: str | None = None
    """PEM file with the certificate that is shown to an https application that asks for one."""
    client_key: str | None = None
    """PEM file with the key of `client_cert`, unless that file holds it too."""

    @model_validator(mode="before")
    @classmethod
    def _url_alone(cls, value: object) -> object:
        return {"url": value} if isinstance(value, str | list) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(schema))
        written = dict(whole)
        whole.clear()
        whole["anyOf"] = [written["properties"]["url"], written]
        return whole

    @property
    def treatments(self) -> Mapping[PathClass, Treatment]:
        """What becomes of each path class, the written ones over the defaults."""
        return {**DEFAULT_TREATMENTS, **self.paths}


class Login(Part):
    """The application's own login, which everybody must reach."""

    page: str | None = None
    """Where a visitor goes whom nobody knows; a path, with query where needed."""
    paths: Annotated[tuple[Glob, ...], OneOrMany()] = ()
    """Served to everybody, credentials untouched: the login itself and what its pages load."""
    logout: Annotated[tuple[Glob, ...], OneOrMany()] = ()
    """Where the application signs people out; served to everybody like `paths`, and the proofs
    end with it."""


class CredentialCarriers(Part):
    """Names that carry credentials in your applications, beside Authorization.

    A request that holds one which no identity source declares is refused.
    """

    headers: Annotated[tuple[str, ...], OneOrMany()] = (
        "X-API-Key",
        "API-Key",
        "X-Auth-Token",
        "X-Access-Token",
    )
    """Header names, in any case."""
    query: Annotated[tuple[str, ...], OneOrMany()] = ("api_key", "access_token")
    """Names of query parameters."""


class WebSocket(Part):
    """Who may open WebSockets."""

    origins: Annotated[tuple[PageOrigin, ...], OneOrMany()] = ()
    """Origins whose pages may, beside the one that is asked; under `bypass` any may."""


class Limits(Part):
    """What one client may cost."""

    target: Size = 8190
    """Longest request target (path and query)."""
    field: Size = 16 * 1024
    """Longest header field, name and value."""
    head: Size = 64 * 1024
    """All header fields of a request together."""
    fields: Positive = 128
    """Header fields in one request."""
    pipelined: Count = 8
    """Requests that may wait behind the one being answered."""
    head_time: Duration = parse_duration("10s")
    """From the first byte of a request to the end of its head."""
    keep_alive: Duration = parse_duration("75s")
    """How long an idle connection is kept."""
    body_idle: Duration = parse_duration("30s")
    """Between two bytes of a request body."""
    write_idle: Duration = parse_duration("60s")
    """How long a client may leave an answer unread."""
    tunnel_idle: Duration = parse_duration("1h")
    """How long a WebSocket may stay silent."""
    connections: Count = 4096
    """Connections at once; 0 is no limit."""
    connections_per_address: Count = 1024
    """Connections at once from one address; 0 is no limit. Behind a proxy all share one."""
