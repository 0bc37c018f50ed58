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


@pytest.mark.parametrize("life", [SHORTEST_S - 1, LONGEST_S + 1, -1])
def test_beyond_bounds_is_refused(life: int) -> None:
    """Less and more show a fault."""
    with pytest.raises(ValidationError):
        Invite(user_id="ada", life_s=life)
