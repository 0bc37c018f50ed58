"""What is written to standard error: one event a line, without secrets or full addresses."""

import logging
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

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
    marked: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    last = _rendering(settings)
    _adopt(level, marked, last)
    structlog.configure(
        processors=[*marked, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _rendering(settings: LoggingPart) -> list[Processor]:
    """Return what makes text of an event; tracebacks never show what variables held."""
    if settings.format == "json":
        plain = ExceptionDictTransformer(show_locals=False)
        return [
            structlog.processors.ExceptionRenderer(plain),
            structlog.processors.JSONRenderer(),
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]


def _adopt(level: int, marked: list[Processor], last: list[Processor]) -> None:
    """What libraries log has the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=marked,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


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


def place(error: BaseException) -> str:
    """Return where it was raised: enough for an operator, and no value of a request in it."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
