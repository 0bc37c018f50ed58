"""Durations as people write them: `30s`, `5m`, `24h`."""

import re
from datetime import timedelta
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")


def parse_duration(value: object) -> timedelta:
    """Return the duration of a text such as `5m`.

    Raises:
        ValueError: not a whole number with one of the units.

    """
    hit = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if hit is None:
        raise ValueError("a duration is written 500ms, 30s, 5m, 24h or 30d")
    return timedelta(seconds=int(hit[1]) * _UNITS[hit[2]])


def show_duration(value: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit, seconds in reversed(_UNITS.items()):
        count, rest = divmod(milliseconds, round(seconds * 1000))
        if count and not rest:
            return f"{count}{unit}"
    return "0s"
