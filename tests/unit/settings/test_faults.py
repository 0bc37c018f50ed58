"""What is wrong and where, as people read it."""

import pytest

from sidecar.settings.faults import (
    ConfigError,
    Fault,
    Finding,
    Places,
    Where,
    did_you_mean,
    dotted,
    within,
)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ((), ""),
        (("public", 0), "public[0]"),
        (("policy", "rules", 2, "path", 1), "policy.rules[2].path[1]"),
    ],
)
def test_places_are_written_as_people_do(where: Where, text: str) -> None:
    """Paths show dots for keys and brackets for items."""
    assert dotted(where) == text


def test_faults_are_lines_that_editors_jump_to() -> None:
    """Faults and warnings show file, line, place, message and hint."""
    places = Places("a.yaml", {("a",): 3, ("a", "b"): 5})
    plain = places.fault(Finding(("a", "b", "c"), "is wrong", "did you mean 'd'?"))
    assert str(plain) == "a.yaml:5: a.b.c: is wrong (did you mean 'd'?)"
    assert str(places.fault(Finding((), "is empty"))) == "a.yaml:1: is empty"
    warned = places.fault(Finding(("a",), "is odd", warning=True))
    assert str(warned) == "a.yaml:3: warning: a: is odd"
    assert places.fault(Finding(("a",), "x", line=9)).line == 9


def test_all_faults_are_one_error() -> None:
    """An error with two faults shows both lines."""
    faults = (Fault("a", 1, "x", "one"), Fault("a", 2, "y", "two"))
    assert str(ConfigError(faults)) == "a:1: x: one\na:2: y: two"


def test_hints_are_near() -> None:
    """Misspelt words show the near one, others none."""
    assert did_you_mean("requre", ["require", "path"]) == "did you mean 'require'?"
    assert did_you_mean("zzz", ["require", "path"]) == ""
    assert did_you_mean(5, ["require"]) == ""


def test_places_contain_each_other() -> None:
    """A place shows that it is within itself and what is around it, not what is beside it."""
    assert within(("a", "b"), [("a",)])
    assert within(("a",), [("a",)])
    assert not within(("a",), [("a", "b")])
    assert not within(("ab",), [("a",)])
