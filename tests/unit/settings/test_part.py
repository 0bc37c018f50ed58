"""What every section has in common."""

import pytest
from pydantic import ValidationError

from sidecar.settings.part import Part


class Sample(Part):
    """A section."""

    one: int = 1
    """Says what it is."""


def test_sections_are_closed_and_fixed() -> None:
    """Unknown keys and later changes show that neither is possible, nor is a value repeated."""
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"one": "hunter2", "two": 2})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ValidationError, match="frozen"):
        Sample().one = 2  # type: ignore[misc]


def test_keys_are_described() -> None:
    """The text under a key shows that it is its description."""
    assert Sample.model_fields["one"].description == "Says what it is."
