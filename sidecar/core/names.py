"""What an authenticator can be called."""

from typing import Final

MAX_NAME_CHARS: Final = 60


def tidy(name: str) -> str:
    """Return what was typed as a name, without the spaces around and between that say nothing."""
    return " ".join(name.split())


def is_name(typed: str) -> bool:
    """Tell whether an authenticator can be called so."""
    name = tidy(typed)
    return 0 < len(name) <= MAX_NAME_CHARS and name.isprintable()
