"""What the API says of itself: whether it works, how it is called, what it counts."""

from typing import Final, Literal

from sidecar.api.endpoint import Endpoint
from sidecar.api.words import ApiModel
from sidecar.core.clients import Scope

TAG: Final = "about"


class Alive(ApiModel):
    """The process answers."""

    status: Literal["alive"]


class Health(ApiModel):
    """Whether requests can be served."""

    status: Literal["ready", "not-ready"]
    parts: dict[str, str]
    """Each part and whether it works, never why."""


HEALTH: Final = Endpoint(
    *("GET", "/health", "health", TAG, "Tell whether requests can be served", None),
    {200: Health, 503: Health},
)
READY: Final = Endpoint(
    *("GET", "/health/ready", "healthReady", TAG, "The same as /health", None),
    {200: Health, 503: Health},
)
LIVE: Final = Endpoint(
    *("GET", "/health/live", "healthLive", TAG, "Tell whether the process answers", None),
    {200: Alive},
)
METRICS: Final = Endpoint(
    *("GET", "/metrics", "metrics", TAG, "Tell what is counted, to Prometheus"),
    Scope.METRICS_READ,
    {200: None},
    media="text/plain",
)
DOCS: Final = Endpoint(
    *("GET", "/docs", "docs", TAG, "Show this description as a page, and try calls", None),
    {200: None},
    media="text/html",
)
OPENAPI: Final = Endpoint(
    *("GET", "/openapi.json", "openapi", TAG, "This description (OpenAPI 3.1)", None),
    {200: None},
    media="application/json",
)
ENDPOINTS: Final = (HEALTH, READY, LIVE, METRICS, DOCS, OPENAPI)
