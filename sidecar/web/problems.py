"""Errors become HTTP here and nowhere else: a page for people, problem+json for programs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Protocol

from sidecar.core.errors import SidecarError
from sidecar.core.protocols import Clock, RawHeaders
from sidecar.web.guard import page_headers
from sidecar.web.render import Renderer
from sidecar.web.views import ErrorView, Frame

PROBLEM = b"application/problem+json"


class How(Protocol):
    """To whom an error is told."""

    @property
    def page(self) -> bool: ...
    @property
    def language(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def sent(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Telling:
    """One way of telling, for errors met by our own pages."""

    page: bool
    language: str
    request_id: str
    sent: bool = False


Hears = Callable[[str], None]
"""Is told the slug of each problem that somebody is shown."""


def uncounted(_slug: str) -> None:
    """Nobody counts."""


def passes(error: SidecarError) -> bool:
    """Tell whether waiting cures it, and nothing else need be done.

    Limits on tries are another matter: whoever waits for them has to come back themselves.
    """
    return error.retry_after_s is not None and error.status == HTTPStatus.SERVICE_UNAVAILABLE


class Problems:
    """Tells every error of the tree (RFC 9457); texts of exceptions stay in the log."""

    def __init__(
        self,
        renderer: Renderer,
        clock: Clock,
        *,
        secure: bool,
        count: Hears = uncounted,
    ) -> None:
        self._renderer = renderer
        self._clock = clock
        self._secure = secure
        self._count = count

    def tell(
        self, error: SidecarError, how: How, extra: Mapping[str, str | int | list[str]]
    ) -> tuple[int, RawHeaders, bytes]:
        """Return status, headers and body."""
        self._count(error.slug)
        headers: RawHeaders = (
            (b"Cache-Control", b"no-store"),
            (b"Vary", b"Cookie, Sec-Fetch-Mode, Accept"),
        )
        if error.retry_after_s is not None:
            headers += ((b"Retry-After", str(error.retry_after_s).encode()),)
        if how.page:
            fixed = tuple(
                (name.encode(), value.encode())
                for name, value in page_headers(secure=self._secure).items()
                if name != "Cache-Control"
            )
            body = self.page(error, how).encode()
            return (
                error.status,
                (*headers, *fixed, (b"Content-Type", b"text/html; charset=utf-8")),
                body,
            )
        body = json.dumps(self.problem(error, how, extra)).encode()
        return error.status, (*headers, (b"Content-Type", PROBLEM)), body

    def page(self, error: SidecarError, how: How) -> str:
        """Return the page that tells a person what happened and what to do."""
        now = self._clock()
        wait = error.retry_after_s
        view = ErrorView(
            error.slug,
            how.request_id,
            now + timedelta(seconds=wait) if wait else None,
            sent=how.sent if passes(error) else None,
        )
        language = self._renderer.catalogs.choose(accept=how.language)
        return self._renderer.page(view, Frame(language, now))

    def problem(
        self, error: SidecarError, how: How, extra: Mapping[str, str | int | list[str]]
    ) -> dict[str, object]:
        """Return the problem document for a program."""
        return {
            "type": f"{self._renderer.prefix}problems/{error.slug}",
            "title": error.slug.replace("-", " ").capitalize(),
            "status": error.status,
            "request_id": how.request_id,
            **extra,
        }
