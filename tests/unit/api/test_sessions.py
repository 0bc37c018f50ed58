"""Who is to be signed out."""

import pytest
from pydantic import ValidationError

from sidecar.api.sessions import SignOut


def test_somebody_or_everybody() -> None:
    """A person, and everybody said in so many words, show to be taken from a query."""
    assert SignOut.model_validate_strings({"user_id": "ada"}).user_id == "ada"
    assert SignOut.model_validate_strings({"everybody": "true"}).everybody
    assert SignOut(user_id="ada", everybody=False).user_id == "ada"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"everybody": "false"},
        {"everybody": "TRUE"},
        {"everybody": "true", "user_id": "ada"},
        {"all": "true"},
    ],
)
def test_never_everybody_by_mistake(query: dict[str, str]) -> None:
    """Neither, both, and anything like it show a fault."""
    with pytest.raises(ValidationError):
        SignOut.model_validate_strings(query)
