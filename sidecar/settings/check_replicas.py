"""What several replicas need to behave as one."""

from collections.abc import Iterator

from sidecar.settings.check_storage import FILE
from sidecar.settings.draft import Draft
from sidecar.settings.faults import Finding


def replicas(draft: Draft) -> Iterator[Finding]:
    """They share a database, tell each other who signs in, and count together."""
    settings = draft.settings
    if settings.replicas == 1 or not draft.sound("replicas"):
        return
    if draft.sound("storage") and settings.storage.database.startswith(FILE):
        message = f"{settings.replicas} replicas cannot share a file of SQLite"
        hint = "write storage.database: postgresql+asyncpg://…, or `replicas: 1`"
        yield Finding(("replicas",), message, hint)
    yield from _told(draft)
    if settings.redis is None and draft.sound("redis"):
        message = (
            "without `redis:` each counts its limits for itself, and a sign-in under a cookie waits"
            " up to a second until all have heard of it"
        )
        yield Finding(("replicas",), message, "add redis.address", warning=True)


def _told(draft: Draft) -> Iterator[Finding]:
    """Who a credential means changes where people sign in, and all replicas must know where."""
    if draft.settings.login.paths or not draft.sound("login"):
        return
    for item in draft.declared:
        if item.source is not None and item.source.keep:
            message = "keeps answers that replicas cannot forget together: login.paths is empty"
            hint = "list in login.paths where people sign in, or write `keep: 0s`"
            yield Finding(("identity", item.name), message, hint)
