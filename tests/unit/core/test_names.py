"""What an authenticator can be called."""

import pytest

from sidecar.core.names import MAX_NAME_CHARS, is_name, tidy


def test_spaces_that_say_nothing_are_gone() -> None:
    """A name with odd spaces shows its tidy form."""
    assert tidy("  My \t old\u00a0phone ") == "My old phone"


@pytest.mark.parametrize("name", ["Phone", " Zoë's Händi ", "電話", "x" * MAX_NAME_CHARS])
def test_names_of_all_scripts_are_taken(name: str) -> None:
    """What can be read shows to be a name."""
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME_CHARS + 1), "a\0b", "a\u202eb"])
def test_what_cannot_be_read_is_no_name(name: str) -> None:
    """Nothing, too much, control and bidi characters show to be none."""
    assert not is_name(name)
