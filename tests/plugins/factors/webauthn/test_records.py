"""Twin of plugins/factors/webauthn/_records.py."""

from dataclasses import replace

from plugins.factors.webauthn._base64url import encoded
from plugins.factors.webauthn._records import (
    accepted_of,
    is_held,
    keys_of,
    ready_of,
    user_id_of,
)
from sidecar.core.model import AuthenticatorStatus, PublicKey, SharedSecret
from sidecar.core.protocols import Context
from tests.plugins.factors.keys import ADA, EVE, NOW, authenticator

KEY = PublicKey(b"one", b"key", 0, {"user_id": "dXNlcg"})
MINE = authenticator(KEY)
ODD = (
    replace(MINE, material=None),
    replace(MINE, material=SharedSecret(b"of another kind")),
    replace(MINE, person=EVE),
    *(replace(MINE, status=status) for status in AuthenticatorStatus if status != MINE.status),
)


def context(*held: object) -> Context:
    return Context(ADA, "ada", NOW, "c1", held)  # type: ignore[arg-type]  # authenticators all


def test_only_usable_keys_of_the_person_are_ready() -> None:
    """Unreadable, foreign and inactive authenticators show that none of them counts."""
    assert ready_of(context(), (*ODD, MINE)) == ((MINE, KEY),)
    assert ready_of(context(), ODD) == ()
    assert len(tuple(keys_of(ODD))) == len(ODD) - 2


def test_browsers_keep_what_may_count_again() -> None:
    """Active and suspended keys show that browsers are told of them, and of no others."""
    accepted = {
        status
        for status in AuthenticatorStatus
        if accepted_of(context(replace(MINE, status=status))) == (encoded(b"one"),)
    }
    assert accepted == {AuthenticatorStatus.ACTIVE, AuthenticatorStatus.SUSPENDED}


def test_browsers_are_told_nothing_of_what_cannot_be_read() -> None:
    """One key that cannot be read shows that no list is told: what is not on it, is forgotten."""
    assert accepted_of(context(MINE, ODD[0])) is None
    assert accepted_of(context(MINE, replace(ODD[0], status=AuthenticatorStatus.REMOVED))) == (
        encoded(b"one"),
    )


def test_a_key_is_held_whatever_became_of_it() -> None:
    """Shows that a key is known as the person's while it is not removed."""
    assert all(is_held(context(item), b"one") for item in ODD[2:])
    assert not is_held(context(*ODD), b"two")


def test_a_user_id_is_read_before_it_is_made() -> None:
    """The id in a key shows that it stays; without one it is made of realm and subject."""

    def keyed(data: bytes) -> bytes:
        return b"<" + data + b">"

    assert user_id_of(context(MINE), keyed) == "dXNlcg"
    assert user_id_of(context(ODD[0]), keyed) == encoded(b'<["shop", "ada"]>')
