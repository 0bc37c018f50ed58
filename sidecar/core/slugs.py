"""Every public name of a failure."""

from sidecar.core import api_errors
from sidecar.core.errors import SidecarError

_ALL = (api_errors,)
"""Modules whose errors must be there before the tree is walked."""


def slugs() -> dict[str, type[SidecarError]]:
    """Return every problem slug with its class."""
    found: dict[str, type[SidecarError]] = {SidecarError.slug: SidecarError}
    waiting = SidecarError.__subclasses__()
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.slug, kind)
        waiting += kind.__subclasses__()
    return found
