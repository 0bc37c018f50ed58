"""The section about the management API: who may call it beside those with a token, how often."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from sidecar.core.clients import Scope
from sidecar.settings.edges import Tls
from sidecar.settings.kinds import OneOrMany, Positive
from sidecar.settings.part import Part

ClientName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")]


class Certified(Part):
    """A client of the management API that is known by its certificate."""

    certificate: Annotated[str, Field(min_length=1, max_length=255)]
    """A subject alternative name of it: a host name, an address, or a URI such as
    `spiffe://cluster/ns/shop/sa/backend`."""
    scopes: Annotated[tuple[Scope, ...], OneOrMany(), Field(min_length=1)]
    """What it may do."""


class ManagementPart(Part):
    """The management API (`listen.management`)."""

    tls: Tls | None = None
    """Serve it over TLS; with `client_ca`, clients may show certificates."""
    clients: Mapping[ClientName, Certified] = Field(default_factory=dict)
    """Clients with certificates, by name; all others need a token (`sidecar tokens create`)."""
    per_minute: Positive = 600
    """Calls that one client may make within a minute, in each worker."""
