"""The metrics of one worker."""

import os
from datetime import timedelta

import pytest

from sidecar.metrics.families import FAMILIES, Kind
from sidecar.metrics.ledger import PID, Ledger
from sidecar.metrics.words import Called, Decided, Failure, Found, Question
from sidecar.metrics.worker import LIVES_FOR, Metrics
from tests.clock import ManualClock
from tests.unit.metrics.counted import NAMES, alone, told


def test_answers_are_counted_by_rule_decision_and_class() -> None:
    """An answer shows under its rule, under none for a rule that nobody configured."""
    metrics = alone()
    metrics.answers("pay", Decided.ALLOW).count(200)
    metrics.answers("pay", Decided.ALLOW).count(204)
    metrics.answers("/not/a/rule", Decided.DENY).count(403)
    requests = "sidecar_requests_total"
    assert told(metrics, requests, rule="pay", decision="allow", status="2xx") == 2
    assert told(metrics, requests, rule="-", decision="deny", status="4xx") == 1
    assert told(metrics, requests, rule="pay", decision="deny", status="4xx") is None


def test_refusals_have_a_reason() -> None:
    """Refusals show under their slug; what the front wrote itself also as an answer; the rest
    under one word.
    """
    metrics = alone()
    metrics.refused("not-found")
    metrics.refused("a-plugin-s-own")
    metrics.refused_unread(431)
    metrics.refused_unread(418)
    reasons = "sidecar_refusals_total"
    assert told(metrics, reasons, reason="not-found") == 1
    assert told(metrics, reasons, reason="http-431") == 1
    assert told(metrics, reasons, reason="other") == 2
    answered = {"rule": "-", "decision": "refused", "status": "4xx"}
    assert told(metrics, "sidecar_requests_total", **answered) == 2


def test_calls_of_plugins_are_counted() -> None:
    """A call shows under the factor and how it went."""
    metrics = alone()
    metrics.plugin("totp", Called.TIMED_OUT)
    calls = "sidecar_plugin_calls_total"
    assert told(metrics, calls, factor="totp", call="timed_out") == 1
    assert told(metrics, calls, factor="sms", call="timed_out") == 0


def test_tunnels_come_and_go() -> None:
    """Two tunnels of which one ended show one open and two opened."""
    metrics = alone()
    metrics.tunnel_opened()
    metrics.tunnel_opened()
    metrics.tunnel_ended()
    assert told(metrics, "sidecar_tunnels") == 1
    assert told(metrics, "sidecar_tunnels_opened_total") == 2


def test_what_is_swept_is_counted() -> None:
    """Rows show under their table, and the age of the last sweep goes with the clock."""
    clock = ManualClock()
    metrics = Metrics(Ledger(NAMES), clock)
    metrics.removed("sessions", 3)
    metrics.removed("sessions", 4)
    swept = "sidecar_swept_rows_total"
    assert told(metrics, swept, table="sessions") == 7
    assert told(metrics, swept, table="outbox") == 0
    metrics.swept(clock() - timedelta(hours=1))
    assert told(metrics, "sidecar_sweep_age_seconds") == 3600
    metrics.swept(clock() + timedelta(seconds=1))
    assert told(metrics, "sidecar_sweep_age_seconds") == 0


def test_an_application_has_its_own() -> None:
    """Times, failures and the pool of one application show under its name, and under no other."""
    metrics = alone()
    shop = metrics.upstream("shop")
    shop.observe(0.02)
    shop.failed(Failure.TIMED_OUT)
    shop.pool(idle=3, taken=2, waiting=1, down=4)
    for upstream, scale in (("shop", 1), ("desk", 0)):
        at = {"upstream": upstream}
        assert told(metrics, "sidecar_upstream_seconds_count", **at) == scale
        failed = told(metrics, "sidecar_upstream_failures_total", failure="timed_out", **at)
        assert failed == scale
        connections = "sidecar_upstream_connections"
        assert told(metrics, connections, state="idle", **at) == 3 * scale
        assert told(metrics, connections, state="taken", **at) == 2 * scale
        assert told(metrics, "sidecar_upstream_waiting", **at) == scale
        assert told(metrics, "sidecar_upstream_addresses_down", **at) == 4 * scale
    with pytest.raises(KeyError):
        metrics.upstream("nobody")


def test_questions_and_sessions_by_where_the_answer_came_from() -> None:
    """A question and a session's look-up show under the place that answered."""
    metrics = alone()
    metrics.question("app_login", Question.JOINED)
    metrics.session(Found.STORE)
    questions = {"source": "app_login", "answer": "joined"}
    assert told(metrics, "sidecar_identity_questions_total", **questions) == 1
    assert told(metrics, "sidecar_session_lookups_total", found="store") == 1
    assert told(metrics, "sidecar_session_lookups_total", found="memory") == 0


def test_the_feed_is_never_younger_than_now() -> None:
    """The age of the feed shows in seconds, and as 0 where the clock was set back."""
    clock = ManualClock()
    metrics = Metrics(Ledger(NAMES), clock)
    metrics.feed_read(clock() - timedelta(seconds=2.5))
    assert told(metrics, "sidecar_revocations_age_seconds") == 2.5
    metrics.feed_read(clock() + timedelta(seconds=1))
    assert told(metrics, "sidecar_revocations_age_seconds") == 0


def test_a_successor_goes_on_counting_and_begins_with_nothing_open() -> None:
    """A lane taken anew shows its counts as they were, and gauges that speak for nobody dead."""
    clock, ledger = ManualClock(), Ledger(NAMES, 2)
    gone = Metrics(ledger, clock, 1)
    gone.tunnel_opened()
    gone.connections.set(9)
    gone.upstream("shop").pool(idle=1, taken=1, waiting=1, down=1)
    successor = Metrics(ledger, clock, 1)
    assert told(successor, "sidecar_tunnels_opened_total") == 1
    itself = {"sidecar_workers", "sidecar_workers_up", "sidecar_build_info"}
    for family in FAMILIES:
        if family.kind is Kind.GAUGE and family.name not in itself:
            assert not any(ledger.cells(ledger.rows[1], family)), family.name
    assert ledger.rows[1][PID] == os.getpid()


def test_whoever_says_nothing_is_not_living() -> None:
    """A worker that was silent for too long shows as gone, but never to itself."""
    clock, ledger = ManualClock(), Ledger(NAMES, 3)
    first, second = (Metrics(ledger, clock, number) for number in (0, 1))
    clock.travel(seconds=LIVES_FOR.total_seconds())
    first.pulse()
    assert first.living() == second.living() == (0, 1)
    clock.travel(seconds=1)
    assert (first.living(), second.living()) == ((0,), (0, 1))
