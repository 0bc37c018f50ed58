"""Metrics for tests: a small configuration, and what a scrape says."""

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sidecar.metrics.ledger import Ledger, Names
from sidecar.metrics.scrape import registry
from sidecar.metrics.worker import Metrics
from tests.clock import ManualClock

NAMES = Names(
    rules=("pay", "default"),
    upstreams=("shop", "desk"),
    sources=("app_login",),
    factors=("totp", "sms"),
    transports=("texts", "mail"),
    regions=("+49",),
)
Told = dict[tuple[str, frozenset[tuple[str, str]]], float]


def alone() -> Metrics:
    """Return the metrics of a sidecar with one worker."""
    return Metrics(Ledger(NAMES), ManualClock())


def scraped(metrics: Metrics) -> Told:
    """Return every number by its name and labels, read as Prometheus reads it."""
    text = generate_latest(registry(metrics)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return one number of a scrape; None where it is not told."""
    return scraped(metrics).get((name, frozenset(labels.items())))
