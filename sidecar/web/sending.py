"""Codes that travel by a message: where they can go, and what to say when one did not go out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import get_args

from aiohttp import web

from sidecar.core.errors import (
    DeliveryFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import Challenge
from sidecar.core.protocols import REASONS
from sidecar.web.desk import Desk
from sidecar.web.questions import (
    AnswerFault,
    Fault,
    FaultKind,
    KeyFault,
    MessageFault,
)

SENT_AGAIN: Mapping[str, str] = {"sent": "again"}
"""What the address of a page carries after a message was sent once more."""

_WORDS: Mapping[str, FaultKind] = {
    kind: kind
    for words in (AnswerFault, KeyFault, MessageFault)
    for kind in get_args(words)
    if kind in REASONS
}


def fault_of(error: SidecarError, desk: Desk) -> Fault:
    """Return the words for an answer that was not accepted, or for a message that did not go."""
    if isinstance(error, TooManyAttempts):
        return Fault("locked", until=_soon(error, desk))
    if isinstance(error, ResponseRejected):
        return Fault(_WORDS.get(error.reason, "wrong"), offset_s=error.hint_s or 0)
    if isinstance(error, DeliveryFailed):
        return Fault("delivery-failed")
    return Fault("expired")


def unsent(error: DeliveryFailed | TooManyAttempts, desk: Desk) -> Fault:
    """Return the words for a message that did not go out, where only sending was asked for."""
    if isinstance(error, TooManyAttempts):
        return Fault("too-many-messages", until=_soon(error, desk))
    return fault_of(error, desk)


def _soon(error: SidecarError, desk: Desk) -> datetime | None:
    wait = timedelta(seconds=error.retry_after_s or 0)
    # A day is told where no waiting helps.
    soon = timedelta() < wait < timedelta(days=1)
    return desk.flows.kit.clock() + wait if soon else None


def status_of(error: SidecarError) -> int:
    """Return the status of a page that goes on after the error.

    A message that did not go out is no 502 on a page for people: proxies in front of us replace
    such answers by pages of their own, and the other ways would be gone with ours.
    """
    return HTTPStatus.OK if isinstance(error, DeliveryFailed) else error.status


def later(response: web.Response, error: SidecarError) -> web.Response:
    """Return the response with the header that says when to try again, where that helps."""
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


async def again_at(desk: Desk, challenge: Challenge) -> datetime | None:
    """Return when a challenge's message can be sent once more; None: never, or there is none."""
    if not desk.flows.kit.factors[challenge.factor].traits.channel:
        return None
    return await desk.flows.deliveries.again_at(challenge)
