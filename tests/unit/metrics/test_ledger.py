"""Where each number is."""

from itertools import chain

import pytest

from sidecar.core.slugs import slugs
from sidecar.metrics.families import FAMILIES, REQUESTS, UPSTREAM_TIMES, Family
from sidecar.metrics.ledger import PID, SEEN, Ledger, Names
from tests.unit.metrics.counted import NAMES


def numbered(ledger: Ledger) -> memoryview:
    """Return the first row, each cell holding its own place."""
    row = ledger.rows[0]
    for at in range(len(row)):
        row[at] = at
    return row


def test_every_cell_belongs_to_one_family() -> None:
    """The cells of all families show that together they are the row, and none is in two."""
    ledger = Ledger(NAMES)
    row = numbered(ledger)
    used = [PID, SEEN, *chain.from_iterable(ledger.cells(row, family) for family in FAMILIES)]
    assert used == list(range(len(row)))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_series_lie_in_their_order(family: Family) -> None:
    """The cells of a family's series, one after the other, show all that it has."""
    ledger = Ledger(NAMES)
    row = numbered(ledger)
    each = [list(ledger.cells(row, family, *labels)) for labels in ledger.series(family)]
    assert all(len(cells) == family.width for cells in each)
    assert list(chain.from_iterable(each)) == list(ledger.cells(row, family))


def test_the_last_label_may_be_left_open() -> None:
    """Cells under a rule and a decision show one for each class of status."""
    ledger = Ledger(NAMES)
    row = numbered(ledger)
    under = ledger.cells(row, REQUESTS, "default", "deny")
    labels = [found for found in ledger.series(REQUESTS) if found[:2] == ("default", "deny")]
    assert list(under) == [ledger.cells(row, REQUESTS, *one)[0] for one in labels]


def test_nothing_configured_is_no_series() -> None:
    """A ledger without applications shows no series of one, and the reasons all the same."""
    ledger = Ledger(Names())
    assert list(ledger.series(UPSTREAM_TIMES)) == []
    assert slugs().keys() <= set(ledger.values["reason"])


def test_rules_of_one_name_are_one() -> None:
    """Two rules under one name show one value of the label."""
    assert Ledger(Names(rules=("a", "b", "a"))).values["rule"] == ("a", "b", "-")
