"""The numbers of all workers as Prometheus reads them."""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser

from sidecar import __version__
from sidecar.metrics.families import FAMILIES
from sidecar.metrics.ledger import Ledger
from sidecar.metrics.scrape import registry
from sidecar.metrics.words import Decided
from sidecar.metrics.worker import LIVES_FOR, Metrics
from tests.clock import ManualClock
from tests.unit.metrics.counted import NAMES, alone, scraped, told

openmetrics: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families


def two() -> tuple[ManualClock, Metrics, Metrics]:
    clock, ledger = ManualClock(), Ledger(NAMES, 2)
    return clock, Metrics(ledger, clock, 0), Metrics(ledger, clock, 1)


def test_any_worker_speaks_for_all() -> None:
    """Counts, sums and gauges of two workers show added up, whichever of them is asked."""
    _, first, second = two()
    for metrics, seconds in ((first, 0.02), (second, 0.3)):
        metrics.answers("pay", Decided.ALLOW).count(200)
        metrics.upstream("shop").observe(seconds)
        metrics.connections.set(4)
    for asked in (first, second):
        allowed = {"rule": "pay", "decision": "allow", "status": "2xx"}
        assert told(asked, "sidecar_requests_total", **allowed) == 2
        assert told(asked, "sidecar_upstream_seconds_sum", upstream="shop") == pytest.approx(0.32)
        assert told(asked, "sidecar_connections") == 8
        assert told(asked, "sidecar_workers_up") == told(asked, "sidecar_workers") == 2


def test_where_a_sum_makes_no_sense_the_worst_is_told() -> None:
    """Ages and silent addresses of two workers show the greater one."""
    clock, first, second = two()
    first.feed_read(clock() - timedelta(seconds=1))
    second.feed_read(clock() - timedelta(seconds=2))
    first.upstream("shop").pool(idle=0, taken=0, waiting=0, down=2)
    second.upstream("shop").pool(idle=0, taken=0, waiting=0, down=1)
    assert told(first, "sidecar_revocations_age_seconds") == 2
    assert told(first, "sidecar_upstream_addresses_down", upstream="shop") == 2


def test_the_dead_are_not_the_case_and_not_forgotten() -> None:
    """A worker that ended shows in counts and not in gauges."""
    clock, first, second = two()
    second.tunnel_opened()
    clock.travel(seconds=LIVES_FOR.total_seconds() + 1)
    assert told(first, "sidecar_tunnels") == 0
    assert told(first, "sidecar_tunnels_opened_total") == 1
    assert (told(first, "sidecar_workers_up"), told(first, "sidecar_workers")) == (1, 2)


def test_buckets_add_up() -> None:
    """Three durations show in every bucket that is not shorter, and all in the last."""
    metrics = alone()
    for seconds in (0.004, 0.3, 99):
        metrics.upstream("shop").observe(seconds)
    bucket = "sidecar_upstream_seconds_bucket"
    found = [told(metrics, bucket, upstream="shop", le=le) for le in ("0.005", "0.5", "+Inf")]
    assert found == [1, 2, 3]


def test_each_process_is_told_by_its_worker() -> None:
    """Memory, time and descriptors show for each worker; one that vanished has none."""
    _, first, second = two()
    memory = "process_resident_memory_bytes"
    assert told(first, memory, worker="0") == pytest.approx(
        told(first, memory, worker="1"), rel=0.5
    )
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    second.ledger.rows[1][0] = child
    assert told(first, memory, worker="0") is not None
    assert told(first, memory, worker="1") is None


def test_both_formats_are_whole() -> None:
    """A scrape in OpenMetrics shows what its own strict parser reads, every family in it."""
    encode, _ = choose_encoder("application/openmetrics-text")
    text = encode(registry(alone())).decode()
    read = {family.name for family in openmetrics(text)}
    assert {family.name.removesuffix("_total") for family in FAMILIES} <= read


def test_every_label_says_a_known_word() -> None:
    """Every series shows labels whose values were known at start, however much was counted."""
    metrics = alone()
    for status in range(0, 1000, 7):
        metrics.answers(f"/{status}", Decided.ALLOW).count(status)
        metrics.refused(f"{status}")
    known = {**metrics.ledger.values, "worker": ("0",)}
    for name, labels in scraped(metrics):
        for label, value in labels:
            assert label == "le" or value in known[label], (name, label)
    assert told(metrics, "sidecar_build_info", version=__version__) == 1
