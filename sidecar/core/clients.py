"""Programs that call the management API: what they may, and the tokens by which they are known."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import NewType, Protocol

from sidecar.core.model import TokenHash

ClientId = NewType("ClientId", str)
"""Names a client for good: the id of its token, or `mtls.` and its name in the configuration."""


class Scope(StrEnum):
    """What a client may do, by resource and verb."""

    CONFIG_READ = "config:read"
    CONFIG_WRITE = "config:write"
    ENROLLMENTS_WRITE = "enrollments:write"
    ENROLLMENTS_OVERRIDE = "enrollments:override"
    """Enrolls for somebody who has a factor, without a proof of theirs. Gives no access alone."""
    CHALLENGES_WRITE = "challenges:write"
    BACKUP_CODES_READ = "backup-codes:read"
    BACKUP_CODES_WRITE = "backup-codes:write"
    AUTHENTICATORS_READ = "authenticators:read"
    AUTHENTICATORS_WRITE = "authenticators:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    ATTEMPTS_READ = "attempts:read"
    INVITATIONS_WRITE = "invitations:write"
    RECOVERY_WRITE = "recovery:write"
    RECOVERY_APPROVE = "recovery:approve"
    STATUS_READ = "status:read"
    ANALYTICS_READ = "analytics:read"
    METRICS_READ = "metrics:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    USERS_DELETE = "users:delete"
    USERS_IMPORT = "users:import"
    USERS_EXPORT = "users:export"


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Who calls."""

    id: ClientId
    name: str
    scopes: frozenset[Scope]

    @property
    def actor(self) -> str:
        """How the audit trail names it."""
        return f"api:{self.name}"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept: everything but the token."""

    client: ApiClient
    networks: tuple[str, ...]
    """Where its calls may come from, `10.0.0.0/8`; empty: from anywhere."""
    by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Tell whether it opens anything now."""
        return self.revoked_at is None and now < self.expires_at

    def admits(self, address: str) -> bool:
        """Tell whether a call may come from this address; one that cannot be read may not."""
        if not self.networks:
            return True
        try:
            peer = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in ip_network(network) for network in self.networks)


class ApiTokens(Protocol):
    """Tokens of the management API, by their hash; rows carry a MAC."""

    async def add(self, token: ApiToken, hashed: TokenHash) -> None: ...

    async def find(self, hashed: TokenHash) -> ApiToken | None:
        """Return the token, live or not; None: there is none, or its row was tampered with."""
        ...

    async def all(self) -> tuple[ApiToken, ...]:
        """Return every token that was not swept away, newest first."""
        ...

    async def revoke(self, which: ClientId, now: datetime) -> bool:
        """Return whether there was such a token that was not revoked yet."""
        ...

    async def touch(self, which: ClientId, now: datetime) -> None: ...

    async def any_live(self, now: datetime) -> bool:
        """Tell whether some token opens something now."""
        ...
