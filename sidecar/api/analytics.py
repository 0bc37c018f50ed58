"""How many people have what, and how tries go."""

from typing import Annotated, Final

from pydantic import Field

from sidecar.api.endpoint import Endpoint
from sidecar.api.words import ApiModel, AskedMoment, Moment
from sidecar.core.clients import Scope

TAG: Final = "analytics"

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class AskedStats(ApiModel):
    """From when on tries are counted."""

    since: AskedMoment | None = None
    """A day ago where nothing is said."""


class FactorStats(ApiModel):
    """One factor."""

    active: Count
    """Authenticators of it that are active now."""
    verified: Count
    """Tries that were right."""
    rejected: Count
    """Tries that were wrong, or whose outcome was never told."""
    success: Share | None
    """The part of tries that was right; null: there were none."""


class Stats(ApiModel):
    """What is counted over everybody."""

    since: Moment
    """From when on tries are counted."""
    until: Moment
    """When all of it was counted."""
    people: Count
    """That anything is known of."""
    enrolled: Count
    """Who ever confirmed an authenticator."""
    disabled: Count
    """Who was switched off: no authenticator of theirs is accepted."""
    adoption: Share | None
    """The part of people who enrolled; null: there are none."""
    factors: dict[str, FactorStats]
    """By the factor's name, those that anybody has or tried."""
    recoveries: Count
    """Requests that wait for a decision."""


READ: Final = Endpoint(
    "GET",
    "/analytics/stats",
    "readStats",
    TAG,
    "Count people, authenticators and tries",
    Scope.ANALYTICS_READ,
    {200: Stats},
    query=AskedStats,
    answer_example={
        "since": "2026-02-02T08:15:00Z",
        "until": "2026-02-03T08:15:00Z",
        "people": 1200,
        "enrolled": 1140,
        "disabled": 3,
        "adoption": 0.95,
        "factors": {"totp": {"active": 1010, "verified": 396, "rejected": 4, "success": 0.99}},
        "recoveries": 1,
    },
)
ENDPOINTS: Final = (READ,)
