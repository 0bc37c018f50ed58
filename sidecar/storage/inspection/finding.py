"""What can be wrong inside a store: what it means, and what to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

SHOWN: Final = 20
"""Rows of one finding that are named; the others are counted."""


class Kind(StrEnum):
    """What is wrong."""

    DAMAGED = "damaged"
    SCHEMA = "schema"
    INDEX = "index"
    CONSTRAINT = "constraint"
    SEQUENCE = "sequence"
    ORPHAN = "orphan"
    CROSSED = "crossed"
    AHEAD = "ahead"
    UNSEALED = "unsealed"
    UNKNOWN_KEY = "unknown-key"
    MOVED = "moved"
    BROKEN = "broken"
    UNVOUCHED = "unvouched"
    TRAIL = "trail"


@dataclass(frozen=True, slots=True)
class Advice:
    """What a kind of finding means, and what to do."""

    means: str
    do: str


_RESTORE: Final = "restore a backup (docs/operations.md, Backup and restore)"
_WHO: Final = "find out who writes to the database beside the sidecar, and change what they know"

ADVICE: Final[Mapping[Kind, Advice]] = MappingProxyType(
    {
        Kind.DAMAGED: Advice(
            "the database's own files do not hold together; the disk, or a copy made while it ran",
            f"stop every sidecar, keep the files, {_RESTORE}",
        ),
        Kind.SCHEMA: Advice(
            "the tables are not those that the migrations make; what is missing fails when it is"
            " used, what is too much is somebody else's",
            "undo what was changed by hand; a store that was copied in part has to be restored",
        ),
        Kind.INDEX: Advice(
            "the server does not use the index: what it keeps unique is not, and reading is slow",
            "REINDEX INDEX with its name, as the tables' owner",
        ),
        Kind.CONSTRAINT: Advice(
            "the server never looked whether older rows keep the rule",
            "ALTER TABLE … VALIDATE CONSTRAINT with its name; where that fails, " + _RESTORE,
        ),
        Kind.SEQUENCE: Advice(
            "the next row would get a number that was given before, and nothing can be written",
            "SELECT setval(pg_get_serial_sequence(table, column), max(column)) FROM table",
        ),
        Kind.ORPHAN: Advice(
            "the rows belong to what is not there: rows were deleted by hand, or only a part of the"
            " store was restored",
            f"sidecar users delete takes what is left of a person; for all others, {_RESTORE}",
        ),
        Kind.CROSSED: Advice(
            "the rows of one person refer to another person's: somebody wrote to the database",
            f"{_WHO}; sidecar users reset helps the people concerned",
        ),
        Kind.AHEAD: Advice(
            "the sessions began after more sign-outs than the person ever had: the person's row is"
            " older than they are",
            "part of the store was restored: sidecar db restored",
        ),
        Kind.UNSEALED: Advice(
            "the values stand there in clear, or as something else's: whoever reads the database"
            " reads them, and the sidecar does not use them",
            f"{_WHO}; the people concerned set up again",
        ),
        Kind.UNKNOWN_KEY: Advice(
            "the values were sealed with a key that `keys:` does not list",
            "list it again with `state: decrypt`; if it is lost, the people concerned set up again",
        ),
        Kind.MOVED: Advice(
            "the values were sealed to another row, person or installation and copied here; they"
            " open nothing",
            f"{_WHO}; sidecar users reset helps the people concerned",
        ),
        Kind.BROKEN: Advice(
            "the values do not open: they were changed, cut off, or sealed with another key of the"
            " same name",
            f"{_RESTORE}; or the people concerned set up again",
        ),
        Kind.UNVOUCHED: Advice(
            "the rows are not what the sidecar wrote: a level, state, owner or counter was changed,"
            " or what belongs to them is gone; they prove nothing",
            f"{_WHO}; sidecar users reset helps the people concerned",
        ),
        Kind.TRAIL: Advice(
            "the audit trail was changed from there on, or rows are missing; what comes after it is"
            " no evidence",
            "compare with the log lines that were shipped elsewhere; keep the store as evidence",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, in one place."""

    kind: Kind
    where: str
    """A table and column, or the name of what is wrong."""
    number: int = 1
    rows: tuple[str, ...] = ()
    """The keys of the first rows."""
    said: str = ""
    """The database's own words."""

    @property
    def advice(self) -> Advice:
        return ADVICE[self.kind]


@dataclass(slots=True)
class Tally:
    """Counts what is wrong by kind and place, and remembers the first rows of each."""

    looked_at: int = 0
    """Rows that were read."""
    _rows: dict[tuple[Kind, str], list[str]] = field(default_factory=dict)
    _numbers: dict[tuple[Kind, str], int] = field(default_factory=dict)

    def add(self, kind: Kind, where: str, row: str) -> None:
        named = self._rows.setdefault((kind, where), [])
        if len(named) < SHOWN:
            named.append(row)
        self._numbers[kind, where] = self._numbers.get((kind, where), 0) + 1

    def findings(self) -> Iterable[Finding]:
        """Yield one finding for each kind and place."""
        for (kind, where), number in self._numbers.items():
            yield Finding(kind, where, number, tuple(self._rows[kind, where]))
