"""The words that stand in labels."""

from enum import IntEnum

import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.metrics.words import (
    NO_RULE,
    STATUSES,
    WIRE,
    Decided,
    Failure,
    Found,
    Question,
    State,
    Work,
    words,
)
from sidecar.proxy import framing
from sidecar.settings.rules import RuleName


@pytest.mark.parametrize("kind", [Decided, Failure, Found, Question, State, Work])
def test_members_are_numbered_as_their_words_stand(kind: type[IntEnum]) -> None:
    """The members of each kind show numbers from 0 on, in the order of their words."""
    assert [kind[name.upper()] for name in words(kind)] == list(range(len(kind)))


def test_no_rule_is_the_name_of_none() -> None:
    """The word for no rule shows that no configuration can give it to one."""
    with pytest.raises(ValidationError):
        TypeAdapter(RuleName).validate_python(NO_RULE)


def test_the_front_s_own_refusals_are_known() -> None:
    """Every refusal that the front names shows a reason of its own."""
    named = [one for one in vars(framing).values() if isinstance(one, framing.Refusal)]
    assert {one.status for one in named} <= WIRE.keys()
    assert len(named) >= 6


def test_every_first_digit_has_a_class() -> None:
    """Classes of statuses show one for each first digit, and one for no answer at all."""
    assert ("none", *(f"{digit}xx" for digit in "123456789")) == STATUSES
