"""What operators are given to watch: documents, alerts and the dashboard name what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sidecar.metrics.scrape import registry
from sidecar.metrics.words import Decided, words
from tests.unit.metrics.counted import alone

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
METRIC = re.compile(r"\b(?:sidecar|process)_[a-z_]+[a-z]\b")
SELECTED = re.compile(r"\b((?:sidecar|process)_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"([a-z_]+)(=~?)\"([^\"]*)\"")


def told() -> set[str]:
    """Return the name of every metric of a scrape."""
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in registry(alone()).collect()
    }


def series() -> set[str]:
    """Return what queries may select: a histogram is three."""
    counted = {f"{name}_{part}" for name in told() for part in ("bucket", "sum", "count")}
    return told() | counted


def queries() -> Iterator[str]:
    rules = yaml.safe_load((ROOT / "config/prometheus/alerts.yaml").read_text(encoding="utf-8"))
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])
    board = json.loads((ROOT / "config/grafana/sidecar.json").read_text(encoding="utf-8"))
    yield from (target["expr"] for panel in board["panels"] for target in panel["targets"])
    yield board["templating"]["list"][1]["query"]
    yield from re.findall(r"^\| [a-z' ]+ \| `(.*)` \|$", DOCUMENT, re.MULTILINE)


def test_every_metric_is_documented() -> None:
    """A scrape and the document show the same names."""
    section = DOCUMENT.partition("## Metrics")[2].partition("\n## ")[0]
    named = set(METRIC.findall(section))
    assert sorted(told() - named) == []
    assert sorted(named - series()) == []


def test_every_decision_is_documented() -> None:
    """The words of the label `decision` show that the document names each."""
    assert [word for word in words(Decided) if f"`{word}`" not in DOCUMENT] == []


@pytest.mark.parametrize("query", [*queries()])
def test_queries_ask_for_what_there_is(query: str) -> None:
    """Each query of alerts, dashboard and document shows metrics, labels and values that exist."""
    metrics = alone()
    selected = SELECTED.findall(query)
    assert selected
    for name, matchers in selected:
        assert name in series()
        for label, how, value in MATCHER.findall(matchers):
            if how == "=":
                assert value in metrics.ledger.values[label]


def test_there_are_queries_of_each_kind() -> None:
    """The three places show that their queries were found."""
    assert len(list(queries())) > 30
