"""What is said about messages reads as it is meant."""

import pytest

from sidecar.settings.budgets import MessagesPart
from tests.unit.settings import build


def test_nothing_is_sent_anywhere_unless_it_is_said() -> None:
    """The defaults show no region at all, and budgets that a person does not notice."""
    part = MessagesPart()
    assert part.regions == ()
    assert (part.per_person_daily, part.per_destination_daily) == (8, 5)
    assert not part.stop_unverified


@pytest.mark.parametrize("region", ["49", "+0", "+", "+49 30", "++49", "+12345678", "DE"])
def test_a_region_is_the_beginning_of_a_number(region: str) -> None:
    """What no number begins with shows as a fault at its place."""
    assert [line.split(":")[0] for line in build.faults(messages={"regions": [region]})] == [
        "messages.regions[0]"
    ]


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_share_is_a_percentage(percent: int) -> None:
    """More than all and less than nothing show as faults."""
    found = build.faults(messages={"least_verified": percent})
    assert [line.split(":")[0] for line in found] == ["messages.least_verified"]
