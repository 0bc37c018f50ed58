"""Every metric there is."""

import re

import pytest

from sidecar.metrics.families import FAMILIES, NANOSECONDS, Family, Kind
from sidecar.metrics.ledger import Ledger, Names


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_convention(family: Family) -> None:
    """Each name shows its kind and unit as Prometheus recommends, and says what it means."""
    assert re.fullmatch(r"sidecar(_[a-z]+)+", family.name)
    assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
    assert family.meaning.endswith(".")
    if family.kind is Kind.HISTOGRAM:
        assert family.unit == NANOSECONDS
        assert list(family.bounds) == sorted(set(family.bounds))
        assert family.width == len(family.bounds) + 2
    else:
        assert (family.bounds, family.width) == ((), 1)


def test_each_name_is_there_once() -> None:
    """The list of families shows no name twice."""
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))


def test_labels_say_what_the_configuration_or_the_code_names() -> None:
    """Labels show values that are known at start: nothing of a request can become one."""
    known = Ledger(Names()).values
    assert {label for family in FAMILIES for label in family.labels} == known.keys()
