"""Words for messages that did not go out, and statuses that leave the page in place."""

from types import SimpleNamespace
from typing import cast

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
    Undelivered,
)
from sidecar.web.desk import Desk
from sidecar.web.questions import Fault
from sidecar.web.sending import fault_of, status_of, unsent
from tests.clock import ManualClock

CLOCK = ManualClock()
DESK = cast("Desk", SimpleNamespace(flows=SimpleNamespace(kit=SimpleNamespace(clock=CLOCK))))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TooManyAttempts(), "locked"),
        (ResponseRejected("already-used"), "already-used"),
        (ResponseRejected("risk-not-accepted"), "risk-not-accepted"),
        (ResponseRejected("bad-address"), "bad-address"),
        (ResponseRejected("a plugin's own"), "wrong"),
        (DeliveryFailed(), "delivery-failed"),
        (DeliveryFailed(why=Undelivered.REFUSED), "delivery-failed"),
        (ChallengeGone(), "expired"),
    ],
)
def test_each_failure_has_its_words(error: SidecarError, kind: str) -> None:
    """Each failure shows the words that help with it."""
    assert fault_of(error, DESK).kind == kind


def test_a_wait_is_told_where_it_helps() -> None:
    """A wait of minutes shows until when; one of days shows no time at all."""
    soon = unsent(TooManyAttempts(retry_after_s=120), DESK)
    assert soon == Fault("too-many-messages", until=soon.until)
    assert soon.until is not None
    assert (soon.until - CLOCK()).total_seconds() == 120
    assert unsent(TooManyAttempts(retry_after_s=200_000), DESK).until is None
    assert unsent(DeliveryFailed(), DESK).kind == "delivery-failed"


def test_no_proxy_replaces_the_page_of_another_way() -> None:
    """A failed delivery shows no 502, which a proxy in front would answer with its own page."""
    assert status_of(DeliveryFailed()) == 200
    assert status_of(TooManyAttempts()) == 429
