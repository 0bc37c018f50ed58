"""What may be wrong with sidecar.yaml, and where it stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

Where = tuple[str | int, ...]
"""Keys and indices that lead to a value, such as `("policy", "rules", 2, "path")`."""


def dotted(where: Where) -> str:
    """Return the path as people write it: `policy.rules[2].path`."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return "".join(parts).removeprefix(".")


def within(where: Where, outer: Iterable[Where]) -> bool:
    """Tell whether the place is one of the outer ones, or inside one."""
    return any(where[: len(place)] == place for place in outer)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the hint for a misspelt word; empty where nothing is close."""
    close = get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place; `warning` says that it works and is still worth a look."""

    where: Where
    message: str
    hint: str = ""
    warning: bool = False
    line: int | None = None
    """Where it stands, if not where the value does: the second of two equal keys."""
    passing: bool = False
    """It may be over in a moment, with the configuration as it is."""


def unloadable(where: Where, load: Callable[[], None]) -> Iterator[Finding]:
    """Yield what keeps the file that is named there from being loaded, if anything does."""
    try:
        load()
    except OSError as error:  # ssl.SSLError is one
        yield Finding(where, f"does not load: {error.strerror or type(error).__name__}")


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding with file and line, as it is told to the operator."""

    file: str
    line: int
    path: str
    message: str
    hint: str = ""
    warning: bool = False
    passing: bool = False

    def __str__(self) -> str:
        """`file:line: path: what is wrong (hint)`, the form that editors and CI jump to."""
        place = f"{self.path}: " if self.path else ""
        mark = "warning: " if self.warning else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}: {mark}{place}{self.message}{hint}"


@dataclass(frozen=True, slots=True)
class Places:
    """The line of every value of one file."""

    file: str
    lines: Mapping[Where, int]

    def line(self, where: Where) -> int:
        """Return the line of the value, or of the nearest thing around it that is written."""
        for end in range(len(where), 0, -1):
            if where[:end] in self.lines:
                return self.lines[where[:end]]
        return 1

    def fault(self, finding: Finding) -> Fault:
        return Fault(
            self.file,
            finding.line or self.line(finding.where),
            dotted(finding.where),
            finding.message,
            finding.hint,
            finding.warning,
            finding.passing,
        )


class ConfigError(Exception):
    """The configuration cannot be used; carries every fault that was found, in file order."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults

    @property
    def passing(self) -> bool:
        """Another start may find nothing wrong, with the configuration as it is."""
        return all(fault.passing for fault in self.faults if not fault.warning)
