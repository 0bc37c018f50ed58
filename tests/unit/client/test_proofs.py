"""Methods about proofs."""

import pytest

from sidecar.client.desk import Ask, Reply
from sidecar.client.operations import Operations
from sidecar.client.problems import ProblemError
from tests.unit.client.test_problems import told


class Rejecting:
    """A desk to which every code is wrong."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    async def reply(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        return told(422, "response-rejected", reason="wrong")


async def test_a_wrong_code_says_so_and_is_not_repeated() -> None:
    """A rejected code shows its reason, one call, and the code in no text of the error."""
    desk = Rejecting()
    with pytest.raises(ProblemError) as refused:
        await Operations(desk).verify_challenge("alice", challenge_id="c-1", code="271828")
    assert (refused.value.slug, refused.value.reason) == ("response-rejected", "wrong")
    assert "271828" not in f"{refused.value!r} {desk.asked[0]!r}"
    assert len(desk.asked) == 1


async def test_what_a_browser_made_goes_on_as_it_is() -> None:
    """The response of a page shows as the fields that the prompt asked for."""
    desk = Rejecting()
    with pytest.raises(ProblemError):
        await Operations(desk).verify_challenge(
            "alice", challenge_id="c-1", response={"credential": '{"id": "x"}'}
        )
    assert b'"response":{"credential":"{\\"id\\": \\"x\\"}"}' in desk.asked[0].content
