"""What is counted of messages."""

import pytest

from sidecar.core.errors import Undelivered
from sidecar.core.outbox import Usage
from sidecar.metrics.messages import MessageMetrics, Uncounted
from sidecar.metrics.words import Heard, Outcome
from tests.unit.metrics.counted import alone, told


@pytest.mark.parametrize(
    ("transport", "channel", "labels"),
    [
        ("texts", "sms", {"transport": "texts", "channel": "sms"}),
        ("mail", "email", {"transport": "mail", "channel": "email"}),
        ("gone", "pigeon", {"transport": "other", "channel": "other"}),
    ],
)
@pytest.mark.parametrize("outcome", Outcome)
def test_what_became_of_it(
    transport: str, channel: str, labels: dict[str, str], outcome: Outcome
) -> None:
    """Each outcome shows under its transport and channel; what was not known at start is other."""
    metrics = alone()
    MessageMetrics(metrics).sent(transport, channel, outcome)
    shown = told(metrics, "sidecar_messages_total", **labels, outcome=outcome.name.lower())
    assert shown == 1


@pytest.mark.parametrize("why", Undelivered)
def test_why_it_failed(why: Undelivered) -> None:
    """Each reason of a failure shows under its own word."""
    metrics = alone()
    MessageMetrics(metrics).failed("mail", why)
    labels = {"transport": "mail", "why": why.value}
    assert told(metrics, "sidecar_message_failures_total", **labels) == 1


@pytest.mark.parametrize("heard", Heard)
def test_what_was_told(heard: Heard) -> None:
    """Each word of a provider shows under its own."""
    metrics = alone()
    MessageMetrics(metrics).heard("texts", heard)
    labels = {"transport": "texts", "heard": heard.name.lower()}
    assert told(metrics, "sidecar_message_receipts_total", **labels) == 1


@pytest.mark.threat(60)
def test_how_many_codes_are_used() -> None:
    """Codes show how many were sent and used and where that is too few, until it is over."""
    metrics = alone()
    counts = MessageMetrics(metrics)
    counts.used({Usage("sms", "+49", 12, 2): True, Usage("email", "", 4, 4): False})
    place = {"channel": "sms", "region": "+49"}
    assert told(metrics, "sidecar_codes_sent", **place) == 12
    assert told(metrics, "sidecar_codes_used", **place) == 2
    assert told(metrics, "sidecar_codes_unused", **place) == 1
    assert told(metrics, "sidecar_codes_sent", channel="email", region="-") == 4
    assert told(metrics, "sidecar_codes_unused", channel="email", region="-") is None
    counts.used({})
    assert told(metrics, "sidecar_codes_sent", **place) is None
    assert told(metrics, "sidecar_codes_unused", **place) is None


def test_nobody_has_to_count() -> None:
    """What counts nothing shows that it takes every call."""
    nobody = Uncounted()
    nobody.sent("texts", "sms", Outcome.SENT)
    nobody.failed("texts", Undelivered.REFUSED)
    nobody.heard("texts", Heard.LOST)
    nobody.used({})
