"""Every endpoint of the management API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sidecar.api import (
    about,
    analytics,
    authenticators,
    backup_codes,
    challenges,
    config,
    enrollments,
    histories,
    invitations,
    porting,
    recovery,
    sessions,
    status,
    users,
)
from sidecar.api.endpoint import Endpoint
from sidecar.api.openapi import Json, describe

TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        config.TAG: "What is configured of a person.",
        challenges.TAG: "Ask people for a proof, and act on it.",
        enrollments.TAG: "Set up apps, keys, numbers and mailboxes.",
        backup_codes.TAG: "Codes for when nothing else is at hand.",
        status.TAG: "Where a person stands now.",
        recovery.TAG: "Helping people who lost every factor; two clients have to agree.",
        users.TAG: "Everybody whom the sidecar knows.",
        authenticators.TAG: "What people have set up.",
        sessions.TAG: "Where people are signed in with a browser.",
        invitations.TAG: "Codes that open somebody's first enrollment.",
        histories.TAG: "What happened, newest first.",
        analytics.TAG: "How many people have what, and how tries go.",
        porting.TAG: "People come from other systems, and go there.",
        about.TAG: "Whether the API works, and how it is called.",
    }
)
"""What each group of endpoints is about, in the order in which they are shown."""

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *config.ENDPOINTS,
    *challenges.ENDPOINTS,
    *enrollments.ENDPOINTS,
    *backup_codes.ENDPOINTS,
    *status.ENDPOINTS,
    *recovery.ENDPOINTS,
    *users.ENDPOINTS,
    *authenticators.ENDPOINTS,
    *sessions.ENDPOINTS,
    *invitations.ENDPOINTS,
    *histories.ENDPOINTS,
    *analytics.ENDPOINTS,
    *porting.ENDPOINTS,
    *about.ENDPOINTS,
)


def named(name: str) -> Endpoint:
    """Return the endpoint of this operation id.

    Raises:
        KeyError: there is none.

    """
    return {endpoint.name: endpoint for endpoint in ENDPOINTS}[name]


def description() -> Json:
    """Return the OpenAPI description of all of them."""
    return describe(ENDPOINTS, TAGS)
