"""Who a user id means."""

import pytest

from sidecar.core.api_errors import InputInvalid
from sidecar.core.errors import IdentityUnavailable
from sidecar.core.model import Person
from sidecar.core.subjects import Fold
from sidecar.flows.naming import Naming

ONE = Naming({"app": ()})
TWO = Naming({"app": (), "staff": (Fold.CASEFOLD,)})


def test_the_realm_may_be_left_out_while_there_is_one() -> None:
    """A lone realm shows to be meant; a colon in a subject shows no realm."""
    assert ONE.person("alice") == ONE.person("app:alice") == Person("app", "alice")
    assert ONE.person("other:alice") == Person("app", "other:alice")
    assert ONE.person("app:app:alice") == Person("app", "app:alice")


def test_of_several_realms_one_is_named() -> None:
    """Two realms show that one has to be named, and that each folds names in its own way."""
    assert TWO.person("staff:ALICE") == Person("staff", "alice")
    assert TWO.person("app:ALICE") == Person("app", "ALICE")
    with pytest.raises(InputInvalid) as refused:
        TWO.person("alice")
    assert refused.value.faults[0].detail == "write realm:subject; there is app, staff"


@pytest.mark.parametrize("user_id", ["", "app:", "a\x00b", "\u2126", "x" * 256])
def test_what_nobody_can_be_called_is_refused(user_id: str) -> None:
    """An id that no identity source would give shows a fault at its place."""
    with pytest.raises(InputInvalid) as refused:
        ONE.person(user_id, pointer="/user_id")
    assert refused.value.faults[0].pointer == "/user_id"


def test_a_realm_that_is_said_apart_is_not_looked_for() -> None:
    """A subject beside its realm shows to be taken as it stands, and a realm that is not there
    shows which there are.
    """
    assert TWO.within("app", "staff:ALICE") == Person("app", "staff:ALICE")
    assert TWO.within("staff", "ALICE") == Person("staff", "alice")
    with pytest.raises(IdentityUnavailable, match="there is app, staff"):
        TWO.within("shop", "alice")
