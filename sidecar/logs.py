"""What is written to standard error: one event a line, without secrets or full addresses."""

import logging
import re
import sys
from typing import TYPE_CHECKING, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from sidecar.settings.schema import LoggingPart, SentryPart

if TYPE_CHECKING:
    from sentry_sdk.types import Event

_SECRET: Final = re.compile(
    r"(?i)(code|secret|token|password|cookie|authorization|credential|otp|key|invitation)s?"
)
_HIDDEN: Final = "[hidden]"
_QUIET: Final = ("aiohttp", "asyncio", "sqlalchemy", "alembic", "aiosqlite")
"""Libraries whose own lines may carry request lines or values: only their warnings matter."""


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event with the values of fields hidden that are named like a secret."""
    return {
        name: _HIDDEN if _SECRET.fullmatch(name.rpartition("_")[2]) else value
        for name, value in event.items()
    }


def configure(settings: LoggingPart) -> None:
    """Every line of this process has the configured form from now on."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(stream=sys.stderr, level=level, format="%(message)s", force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    last = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.dict_tracebacks,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def report_to_sentry(settings: SentryPart, release: str) -> None:
    """Failures go to Sentry: no request bodies, headers, cookies, variables or addresses.

    Raises:
        ImportError: the extra `sentry` is not installed.

    """
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.dsn.get_secret_value(),
        release=release,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=scrub,
    )


def scrub(event: "Event", _hint: object = None) -> "Event":
    """Return the event without anything that a request or a person could have put into it."""
    event.pop("request", None)
    event.pop("user", None)
    event.pop("breadcrumbs", None)
    event.pop("extra", None)
    event.pop("server_name", None)
    return event
