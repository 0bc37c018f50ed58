"""Who is invited, and for how long."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from sidecar.api.invitations import LONGEST_S, SHORTEST_S, Invite
from sidecar.flows.people import INVITATION_LIFE


def test_a_code_lives_for_a_week_unless_said() -> None:
    """What is not said shows the life that the command line gives, too."""
    assert timedelta(seconds=Invite(user_id="ada").life_s) == INVITATION_LIFE


@pytest.mark.parametrize("life", [SHORTEST_S, LONGEST_S])
def test_bounds_are_within(life: int) -> None:
    """A minute and thirty days show to be taken."""
    assert Invite(user_id="ada", life_s=life).life_s == life


@pytest.mark.parametrize("life", ["60", "60.0", "6e1", "6.0E+1"])
def test_any_spelling_of_a_whole_number_is_one(life: str) -> None:
    """What JSON Schema takes for an integer shows the same number."""
    sent = f'{{"user_id": "ada", "life_s": {life}}}'
    assert Invite.model_validate_json(sent).life_s == 60


@pytest.mark.parametrize("life", ["60.5", '"60"', "true", "null", "1e400", "[60]"])
def test_what_is_no_whole_number_is_refused(life: str) -> None:
    """Parts of seconds, units, truth and what has no end show a fault."""
    with pytest.raises(ValidationError):
        Invite.model_validate_json(f'{{"user_id": "ada", "life_s": {life}}}')


def test_bounds_are_described() -> None:
    """The description shows the bounds that hold."""
    told = Invite.model_json_schema()["properties"]["life_s"]
    assert (told["type"], told["minimum"], told["maximum"]) == ("integer", SHORTEST_S, LONGEST_S)


@pytest.mark.parametrize("life", [SHORTEST_S - 1, LONGEST_S + 1, -1])
def test_beyond_bounds_is_refused(life: int) -> None:
    """Less and more show a fault."""
    with pytest.raises(ValidationError):
        Invite(user_id="ada", life_s=life)
