"""How many connections a store has, and how long anything on it may take."""

from dataclasses import dataclass
from typing import Final

MIGRATION_WAIT_S: Final = 600.0
"""How long a migration waits for another process's, which may build indexes."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The limits of one process: what its requests may wait for."""

    readers: int = 4
    """Connections that only read, at most; they are made when first needed."""
    writers: int = 4
    wait_s: float = 3.0
    """How long a transaction waits for a connection, and for what others hold."""
    statement_s: float = 5.0
    """After so long the server gives a statement up, and soon after we give up the server."""


PATIENT: Final = Tuning(wait_s=30.0, statement_s=600.0)
"""For what an operator runs: checks and exports read much, and nobody's request waits for them."""
