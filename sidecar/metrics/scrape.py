"""The numbers of all workers as Prometheus reads them, whichever worker is asked."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from sidecar.metrics.families import FAMILIES, Family, Kind
from sidecar.metrics.ledger import PID
from sidecar.metrics.worker import Metrics

Series = Iterable[tuple[tuple[str, ...], list[int]]]
"""The values of the labels, and the cells."""


class Scrape(Collector):
    """Adds the lanes up: counts of all that ever worked, gauges of those that live."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._ledger = metrics.ledger
        self._processes = tuple(
            ProcessCollector(pid=partial(row.__getitem__, PID), registry=None)
            for row in metrics.ledger.rows
        )

    def collect(self) -> Iterator[Metric]:
        """Yield every metric there is."""
        living = self._metrics.living()
        everybody = range(len(self._ledger.rows))
        for family in FAMILIES:
            series = self._series(family, living if family.kind is Kind.GAUGE else everybody)
            yield _histogram(family, series) if family.bounds else _numbers(family, series)
        yield from self._of_processes(living)

    def _series(self, family: Family, workers: Iterable[int]) -> Series:
        ledger, width = self._ledger, family.width
        lanes = [ledger.cells(ledger.rows[worker], family) for worker in workers]
        cells = [family.join(numbers) for numbers in zip(*lanes, strict=True)]
        for at, labels in enumerate(ledger.series(family)):
            own = cells[at * width : (at + 1) * width]
            if any(own) or not family.sparse:
                yield labels, own

    def _of_processes(self, workers: Iterable[int]) -> Iterator[Metric]:
        """Yield what the kernel says of each worker, under the names that everybody knows."""
        told: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for worker in workers:
            for found in self._processes[worker].collect():
                form = CounterMetricFamily if found.type == "counter" else GaugeMetricFamily
                made = form(found.name, found.documentation, labels=("worker",))
                for sample in found.samples:
                    told.setdefault(found.name, made).add_metric((str(worker),), sample.value)
        yield from told.values()


def _numbers(family: Family, series: Series) -> Metric:
    form = GaugeMetricFamily if family.kind is Kind.GAUGE else CounterMetricFamily
    told = form(family.name, family.meaning, labels=family.labels)
    for labels, (number,) in series:
        told.add_metric(labels, number / family.unit)
    return told


def _histogram(family: Family, series: Series) -> Metric:
    told = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
    names = (*map(str, family.bounds), "+Inf")
    for labels, (*counts, total) in series:
        buckets = list(zip(names, accumulate(counts), strict=True))
        told.add_metric(labels, buckets, total / family.unit)
    return told


def registry(metrics: Metrics) -> CollectorRegistry:
    """Return what is told on the probes listener: these metrics and no library's own."""
    made = CollectorRegistry()
    made.register(Scrape(metrics))
    return made
