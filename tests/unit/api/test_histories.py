"""Which rows of a trail can be asked for."""

import pytest
from pydantic import ValidationError

from sidecar.api.histories import AskedAttempts, AskedEvents
from sidecar.api.words import PAGE


def test_everything_is_asked_where_nothing_is_said() -> None:
    """An empty query shows the first page of everything."""
    asked = AskedEvents.model_validate_strings({})
    assert (asked.limit, asked.cursor, asked.user_id, asked.name) == (PAGE, None, None, None)


def test_acts_are_named_by_noun_and_verb() -> None:
    """Names of acts show to be taken, anything else to be none."""
    for name in ("authenticator.added", "session.ended_for_everybody"):
        assert AskedEvents.model_validate_strings({"name": name}).name == name
    for name in ("added", "A.b", "a.b.c", "a.b%", ""):
        with pytest.raises(ValidationError):
            AskedEvents.model_validate_strings({"name": name})


def test_tries_are_of_a_factor() -> None:
    """A factor's name shows to be taken; that of an act is no parameter of tries."""
    assert AskedAttempts.model_validate_strings({"factor": "totp"}).factor == "totp"
    with pytest.raises(ValidationError):
        AskedAttempts.model_validate_strings({"name": "authenticator.added"})
