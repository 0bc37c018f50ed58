"""The one transition table: which state may follow which, and on what occasion."""

from collections.abc import Mapping
from typing import TypeVar

from sidecar.core.model import AuthenticatorStatus as A
from sidecar.core.model import SessionStatus as S
from sidecar.core.model import Standing as P

AUTHENTICATOR: Mapping[A, Mapping[str, A]] = {
    A.PENDING: {"confirm": A.ACTIVE, "abandon": A.REMOVED},
    A.ACTIVE: {
        "suspend": A.SUSPENDED,
        "disable": A.DISABLED,
        "remove": A.REMOVED,
        "expire": A.EXPIRED,
    },
    A.SUSPENDED: {"resume": A.ACTIVE, "disable": A.DISABLED, "remove": A.REMOVED},
    A.DISABLED: {"remove": A.REMOVED},
    A.REMOVED: {},
    A.EXPIRED: {"remove": A.REMOVED},
}

SESSION: Mapping[S, Mapping[str, S]] = {
    S.PENDING: {"prove": S.PROVEN, "end": S.ENDED},
    S.PROVEN: {"prove": S.PROVEN, "drop": S.PENDING, "end": S.ENDED},
    S.ENDED: {},
}

PERSON: Mapping[P, Mapping[str, P]] = {
    P.NEVER_ENROLLED: {"confirm": P.ENROLLED},
    P.ENROLLED: {"lose": P.RECOVERY_NEEDED, "reset": P.NEVER_ENROLLED},
    P.RECOVERY_NEEDED: {"recover": P.ENROLLED, "reset": P.NEVER_ENROLLED},
}


State = TypeVar("State")


def follow(table: Mapping[State, Mapping[str, State]], state: State, occasion: str) -> State:
    """Return the state after the occasion.

    Raises:
        ValueError: the occasion does not happen in this state.

    """
    try:
        return table[state][occasion]
    except KeyError:
        message = f"{occasion!r} does not happen in state {state!r}"
        raise ValueError(message) from None
