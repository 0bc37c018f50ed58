"""Who may reach our pages: navigations of a person, forms of ours, and nothing else.

Our pages live in the application's origin, so its scripts, frames and workers are strangers here.
"""

import re
from urllib.parse import parse_qsl

from aiohttp import web

from sidecar.core.errors import CrossSiteRefused, MalformedRequest
from sidecar.flows.visit import CALLER, Caller
from sidecar.web.render import POLICY

MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 24
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
_CHROMIUM = re.compile(r'"(?:Chromium|Google Chrome)";v="(\d+)"')
_KNOWS_NOOPENER = 131
"""First Chromium that knows `noopener-allow-popups`; others would take it for `unsafe-none`."""

YEAR_S = 31_536_000


def page_headers(*, secure: bool, hints: str = "") -> dict[str, str]:
    """Return the headers of every page of ours; `hints` is the browser's `Sec-CH-UA`."""
    version = _CHROMIUM.search(hints)
    opener = version is not None and int(version[1]) >= _KNOWS_NOOPENER
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "noopener-allow-popups" if opener else "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "publickey-credentials-get=(self), "
        "publickey-credentials-create=(self), otp-credentials=(self)",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_S}"
    return headers


def caller_of(request: web.Request) -> Caller:
    """Return what the pipeline found out about this request.

    Raises:
        RuntimeError: the request did not come through the pipeline.

    """
    caller = request.get(CALLER)
    if not isinstance(caller, Caller):
        message = "a page was reached past the pipeline"
        raise RuntimeError(message)  # noqa: TRY004 - a broken composition, not a wrong argument
    return caller


def refuse_strangers(request: web.Request) -> None:
    """Return only for a navigation of a person, and for posts only from a page of ours.

    Raises:
        CrossSiteRefused: a script, frame, worker or another origin asks.

    """
    mode = request.headers.get("Sec-Fetch-Mode", "")
    if (
        (mode and mode != "navigate")
        or request.headers.get("Sec-Fetch-Dest", "") in _FRAMES
        or "Service-Worker" in request.headers
    ):
        message = "not a navigation"
        raise CrossSiteRefused(message)
    if request.method not in {"GET", "HEAD"} and request.headers.getall("Origin", []) != [
        caller_of(request).origin
    ]:
        message = "form of another origin"
        raise CrossSiteRefused(message)


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form post.

    Raises:
        MalformedRequest: not a form, too large, not UTF-8, or a field occurs twice.

    """
    if request.content_type != "application/x-www-form-urlencoded":
        message = "not a form"
        raise MalformedRequest(message)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        message = "encoded form"
        raise MalformedRequest(message)
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            message = "form too large"
            raise MalformedRequest(message)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError as broken:
        message = "unreadable form"
        raise MalformedRequest(message) from broken
    form = dict(pairs)
    if len(form) != len(pairs):
        message = "a field occurs twice"
        raise MalformedRequest(message)
    return form
