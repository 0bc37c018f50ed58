"""What the log says of a plugin that failed: which, how and where; never what it was given."""

import structlog

from sidecar.core.errors import PluginFailed
from sidecar.logs import place

log = structlog.get_logger(__name__)


def report(error: PluginFailed, request_id: str = "") -> None:
    """The failure is in the log, under the number that the person is shown.

    The text of what the plugin raised is left out: it may hold what somebody typed.
    """
    cause = error.__cause__
    where = place(cause) if isinstance(cause, Exception) else ""
    log.error("plugin.failed", reason=str(error), place=where, request_id=request_id)
