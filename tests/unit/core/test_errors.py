"""Failures that have public names."""

import inspect
import re

import pytest

from sidecar.core import errors
from sidecar.core.errors import (
    ResponseRejected,
    Retryable,
    SidecarError,
    TooManyAttempts,
    UpstreamBusy,
)

CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, SidecarError)
]
NAMED = {found.slug: found.status for found in CLASSES if "slug" in vars(found)}


def test_slugs_and_statuses() -> None:
    """Every slug of the published table shows its one status."""
    published = {
        "malformed-request": 400,
        "not-identified": 401,
        "step-up-required": 401,
        "credential-undeclared": 401,
        "enrollment-required": 403,
        "recovery-needed": 403,
        "access-denied": 403,
        "cross-site-refused": 403,
        "not-found": 404,
        "conflict": 409,
        "challenge-gone": 410,
        "response-rejected": 422,
        "too-many-attempts": 429,
        "delivery-failed": 502,
        "upstream-unreachable": 502,
        "upstream-busy": 503,
        "upstream-timed-out": 504,
        "store-unavailable": 503,
        "limiter-unavailable": 503,
        "plugin-failed": 500,
        "internal-error": 500,
    }
    assert {slug: NAMED.get(slug) for slug in published} == published


@pytest.mark.parametrize("kind", CLASSES)
def test_every_failure_is_a_refusal(kind: type[SidecarError]) -> None:
    """Promise 2: every failure shows a status that lets nothing through and a slug of plain words;
    one that says nothing of itself is an internal error.
    """
    assert 400 <= kind.status <= 599
    assert re.fullmatch(r"[a-z]+(?:-[a-z]+)*", kind.slug)
    assert kind.slug == "internal-error" or NAMED[kind.slug] == kind.status
    assert kind().retry_after_s is None or issubclass(kind, Retryable)


@pytest.mark.parametrize(("asked", "told"), [(-1, 1), (0, 1), (1, 1), (300, 300)])
def test_waiting_takes_a_second_at_least(asked: int, told: int) -> None:
    """Any wait shows that `Retry-After` never invites to come back at once."""
    assert TooManyAttempts("full", retry_after_s=asked).retry_after_s == told
    assert TooManyAttempts().retry_after_s == 5
    assert UpstreamBusy().retry_after_s == 1


def test_rejections_say_how() -> None:
    """A rejected response shows its reason, and a hint only where one was given."""
    assert (ResponseRejected().reason, ResponseRejected().hint_s) == ("wrong", None)
    hinted = ResponseRejected("clock-off", hint_s=-90)
    assert (str(hinted), hinted.reason, hinted.hint_s) == ("clock-off", "clock-off", -90)
