"""The one transition table."""

from collections.abc import Mapping
from enum import Enum
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.model import AuthenticatorStatus, SessionStatus, Standing
from sidecar.core.states import AUTHENTICATOR, PERSON, SESSION, follow

Table = Mapping[Enum, Mapping[str, Enum]]
TABLES = [
    (cast("Table", AUTHENTICATOR), AuthenticatorStatus, AuthenticatorStatus.PENDING),
    (cast("Table", SESSION), SessionStatus, SessionStatus.PENDING),
    (cast("Table", PERSON), Standing, Standing.NEVER_ENROLLED),
]


@pytest.mark.parametrize(("table", "states", "first"), TABLES)
def test_tables_are_whole(table: Table, states: type[Enum], first: Enum) -> None:
    """Every state shows that it has its row and can be reached from the first."""
    assert set(table) == set(states)
    reached, waiting = {first}, [first]
    while waiting:
        after = set(table[waiting.pop()].values()) - reached
        reached |= after
        waiting.extend(after)
    assert reached == set(states)


def test_what_is_over_stays_over() -> None:
    """Promise 6: shows that nothing leads out of an ended session or a removed authenticator."""
    assert SESSION[SessionStatus.ENDED] == {}
    assert AUTHENTICATOR[AuthenticatorStatus.REMOVED] == {}


def test_everything_can_be_ended() -> None:
    """Every live state shows that an authenticator can be taken away and a session ended."""
    for status, moves in AUTHENTICATOR.items():
        gone = status is AuthenticatorStatus.REMOVED
        assert gone or AuthenticatorStatus.REMOVED in moves.values()
    for session, steps in SESSION.items():
        assert session is SessionStatus.ENDED or steps["end"] is SessionStatus.ENDED


@pytest.mark.conforms("NIST-RL-4")
def test_only_the_owner_makes_an_authenticator_active() -> None:
    """Shows that the only ways to an active authenticator are its confirmation and the end of a
    suspension: what is disabled, expired or removed never comes back.
    """
    ways = {
        (status, occasion)
        for status, moves in AUTHENTICATOR.items()
        for occasion, after in moves.items()
        if after is AuthenticatorStatus.ACTIVE
    }
    assert ways == {
        (AuthenticatorStatus.PENDING, "confirm"),
        (AuthenticatorStatus.SUSPENDED, "resume"),
    }


@pytest.mark.conforms("ASVS-6.4.4")
def test_nobody_becomes_new_by_losing_factors() -> None:
    """Promise 10: shows that only an operator's reset makes somebody able to enroll as if new."""
    ways = {
        occasion
        for moves in PERSON.values()
        for occasion, after in moves.items()
        if after is Standing.NEVER_ENROLLED
    }
    assert ways == {"reset"}


def test_only_a_proof_makes_a_session_proven() -> None:
    """THREATS 32: shows that a session is proven by a proof and by nothing else."""
    ways = {
        occasion
        for moves in SESSION.values()
        for occasion, after in moves.items()
        if after is SessionStatus.PROVEN
    }
    assert ways == {"prove"}


@given(st.lists(st.sampled_from(["prove", "drop", "end", "confirm", ""]), max_size=12))
def test_walks_obey_the_table(occasions: list[str]) -> None:
    """Any sequence of occasions shows that a session follows its table, refuses what does not
    happen, and never comes back from its end.
    """
    state, ended = SessionStatus.PENDING, False
    for occasion in occasions:
        try:
            state = follow(SESSION, state, occasion)
        except ValueError:
            continue
        assert not ended
        ended = state is SessionStatus.ENDED
        assert (occasion == "prove") == (state is SessionStatus.PROVEN)


def test_what_does_not_happen_is_named() -> None:
    """A wrong occasion shows which one it was and in which state."""
    with pytest.raises(ValueError, match=r"'resume' does not happen in state .*active"):
        follow(AUTHENTICATOR, AuthenticatorStatus.ACTIVE, "resume")
