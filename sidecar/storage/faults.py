"""What can be wrong with a store before it is used."""

from typing import Final

from sidecar.core.errors import SidecarError

CREATE: Final = "sidecar migrate up --create"
"""The command that makes a store where there is none."""


class StoreUnproven(SidecarError):
    """The store is missing, empty, foreign, of another revision, or does not open with our keys.

    A start fault: a process that went on would take everybody for a newcomer (promise 2).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """The command or setting that cures it; empty where only the operator can know."""


class StoreAbsent(StoreUnproven):
    """There is no store yet, and nothing that one could be mistaken for."""
