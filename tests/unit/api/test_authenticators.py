"""What is said of authenticators, and what may be sent."""

import pytest
from pydantic import ValidationError

from sidecar.api.authenticators import APPROVE, CHANGE, LIST, READ, REMOVE, AuthenticatorChange
from sidecar.core.clients import Scope


def test_looking_and_changing_are_two_scopes() -> None:
    """Reads show one scope, changes the other."""
    assert {one.scope for one in (LIST, READ)} == {Scope.AUTHENTICATORS_READ}
    assert {one.scope for one in (CHANGE, APPROVE, REMOVE)} == {Scope.AUTHENTICATORS_WRITE}


def test_what_is_left_out_stays() -> None:
    """A change of nothing shows nothing asked, and a name shows its tidy form."""
    assert AuthenticatorChange(user_id="ada").name is None
    assert AuthenticatorChange(user_id="ada", name="  My  phone ").name == "My phone"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 61},
        {"name": "a\u202eb"},
        {"status": "disabled"},
        {"status": "removed"},
        {"level": "phishing_resistant"},
    ],
)
def test_what_cannot_be_changed_is_refused(change: dict[str, str]) -> None:
    """No name, a state that only the sidecar sets, and a level show a fault."""
    with pytest.raises(ValidationError):
        AuthenticatorChange.model_validate({"user_id": "ada", **change})
