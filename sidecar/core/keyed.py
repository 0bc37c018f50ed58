"""Keyed hashes that outlive the key which made them: whoever keeps one keeps its key's name too."""

import hmac
from dataclasses import dataclass, field
from typing import Final, Protocol

_SEPARATOR: Final = ":"
"""No name of a key has one, and no hash that is kept begins with one."""


class Keyed(Protocol):
    """HMAC-SHA256 under keys that belong to one plugin, or one purpose, alone (the pepper)."""

    @property
    def names(self) -> tuple[str, ...]:
        """The keys that there are; new values are made with the first."""
        ...

    def __call__(self, data: bytes, name: str = "") -> bytes:
        """Return the tag of the data under the named key, or under the first.

        Raises:
            KeyError: there is no such key, or no more.

        """
        ...


@dataclass(frozen=True, slots=True)
class OneKey:
    """A single key that nobody replaces: for what is tried alone."""

    key: bytes = field(repr=False)
    names: tuple[str, ...] = ("one",)

    def __call__(self, data: bytes, name: str = "") -> bytes:
        if name not in ("", *self.names):
            raise KeyError(name)
        return hmac.digest(self.key, data, "sha256")


def named(name: str, made: str) -> str:
    """Return what was made with a key together with the key's name."""
    return f"{name}{_SEPARATOR}{made}"


def name_in(kept: str) -> tuple[str, str]:
    """Return the name of the key and what it made; no name where none is written."""
    name, separator, made = kept.partition(_SEPARATOR)
    return (name, made) if separator else ("", kept)
