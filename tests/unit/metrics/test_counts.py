"""What is called while requests are served."""

import pytest

from sidecar.metrics.counts import Answers, Count, Gauge, Times


def cells(count: int) -> memoryview:
    return memoryview(bytearray(8 * count)).cast("Q")


def test_counts_and_gauges() -> None:
    """What is counted shows as one more each time, what is told as the last that was said."""
    under = cells(1)
    for _ in range(3):
        Count(under).count()
    assert under[0] == 3
    gauge = Gauge(under)
    gauge.set(5)
    gauge.add(2)
    gauge.add(-4)
    assert under[0] == 3


@pytest.mark.parametrize(
    ("status", "place"),
    [(0, 0), (101, 1), (200, 2), (304, 3), (499, 4), (503, 5), (999, 9), (1234, 2)],
)
def test_answers_by_class(status: int, place: int) -> None:
    """Any number that an application may call a status shows in a class, and raises nothing."""
    under = cells(10)
    Answers(under).count(status)
    assert [at for at in range(10) if under[at]] == [place]


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.0009, 0), (0.001, 0), (0.0011, 1), (1.0, 1), (1.01, 2)]
)
def test_durations_fall_into_buckets(seconds: float, bucket: int) -> None:
    """A duration shows in the first bucket that is not shorter, and in the sum."""
    under = cells(4)
    Times(under, (0.001, 1.0)).observe(seconds)
    assert [at for at in range(3) if under[at]] == [bucket]
    assert under[3] == pytest.approx(seconds * 1e9, abs=1)
