"""Twin of sidecar/api/challenges.py: how challenges are described."""

from sidecar.api.challenges import BEGIN, ENDPOINTS, RESEND, VERIFY
from sidecar.core.clients import Scope
from sidecar.core.errors import ChallengeGone, NotFound, ResponseRejected


def test_one_scope_asks_and_verifies() -> None:
    """Every call about challenges shows the same scope: to ask without hearing is of no use."""
    assert {one.scope for one in ENDPOINTS} == {Scope.CHALLENGES_WRITE}


def test_what_is_not_there_is_told_as_the_words_are() -> None:
    """A person without a factor shows as 404, a challenge that is over as 410, a wrong code 422."""
    assert NotFound in BEGIN.all_problems
    assert NotFound not in VERIFY.all_problems
    assert {ChallengeGone, ResponseRejected} <= {*VERIFY.all_problems}
    assert ChallengeGone in RESEND.all_problems


def test_what_follows_is_named() -> None:
    """An open challenge shows how it is answered and sent again."""
    assert [one.endpoint for one in BEGIN.follows] == [VERIFY.name, RESEND.name]
