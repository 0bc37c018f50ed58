"""What the author of a plugin is told to do."""

from sidecar.conformance.advice import ADVICE
from sidecar.conformance.suite import CHECKS


def test_each_check_has_its_advice() -> None:
    """The checks show one line of advice each, and no line is for a check that is gone."""
    assert set(ADVICE) == {check.__name__ for check in CHECKS}
    assert all(line and "\n" not in line for line in ADVICE.values())
