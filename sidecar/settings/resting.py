"""The sections about what the sidecar itself rests on: its database, Redis, its keys."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from sidecar.core.durations import parse_duration
from sidecar.settings.key_sources.source import KeySource
from sidecar.settings.kinds import Count, Duration, OneOrMany, Positive
from sidecar.settings.part import Part


class PoolPart(Part):
    """Connections that one process keeps to PostgreSQL, at most."""

    readers: Positive = 4
    """For what only reads."""
    writers: Positive = 4
    """For what writes."""


class StoragePart(Part):
    """Where factors, sessions and the audit trail are kept."""

    database: str = Field(default="sqlite+aiosqlite:///data/sidecar.db", repr=False)
    """`sqlite+aiosqlite:///relative/path.db`, or four slashes and an absolute path; or
    `postgresql+asyncpg://user:password@host:5432/name?sslmode=verify-full`."""
    pool: PoolPart = PoolPart()
    """How many connections a process keeps to PostgreSQL."""
    wait: Duration = parse_duration("3s")
    """How long is waited for a connection, and for what another transaction holds."""
    statement: Duration = parse_duration("5s")
    """After so long the database gives a statement up."""


class RedisTls(Part):
    """TLS up to Redis."""

    ca_file: str | None = None
    """PEM file with the authorities that its certificate must come from; those that the machine
    trusts where left out."""
    client_cert: str | None = None
    """PEM file with our own certificate."""
    client_key: str | None = None
    """PEM file with its private key."""


class RedisPart(Part):
    """A Redis that the replicas share: limits are counted there, and revocations arrive at once."""

    address: Annotated[tuple[str, ...], OneOrMany(), Field(min_length=1)]
    """`host:port`; or the addresses of the Sentinels, or of some nodes of the cluster."""
    kind: Literal["single", "sentinel", "cluster"] = "single"
    """What listens at the addresses."""
    service: str = ""
    """The name of the master that the Sentinels watch."""
    username: str | None = None
    """The user of Redis' access list."""
    password: SecretStr | None = None
    """The user's password, or the one of the whole server."""
    sentinel_username: str | None = None
    """The user at the Sentinels."""
    sentinel_password: SecretStr | None = None
    """The password at the Sentinels."""
    database: Count = 0
    """The number of the database; a cluster has only the first."""
    tls: RedisTls | None = None
    """Encrypt what goes to Redis, and have it prove itself."""
    timeout: Duration = parse_duration("500ms")
    """How long Redis may take to answer; later it counts as down."""
    prefix: Annotated[str, Field(pattern="^[a-z0-9_-]{1,32}$")] = "sidecar"
    """Every key and channel of ours begins with it."""


class RetentionPart(Part):
    """How long is kept what nothing decides by any more; the audit trail stays."""

    attempts: Duration = parse_duration("90d")
    """Tries at factors, 30 days at least; those that a limit still counts stay."""
    challenges: Duration = parse_duration("7d")
    """Ceremonies that are over, a day at least."""
    sessions: Duration = parse_duration("7d")
    """Sessions that are over, a day at least."""
    outbox: Duration = parse_duration("30d")
    """What became of messages, two days at least; what they said goes once it is of no use."""


class KeyPart(Part):
    """A root key: 32 random bytes in base64, made by `sidecar keys generate`."""

    id: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,32}$")]
    """Is written beside what the key sealed; never reuse one."""
    source: KeySource = Field(alias="from")
    """Where the key comes from."""
    state: Literal["active", "decrypt"] = "active"
    """The one `active` key seals; a `decrypt` key only opens what it once sealed."""
