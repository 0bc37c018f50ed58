"""Addresses as they may be shown: known to their owner, of no use to anybody else."""

from typing import Final

HIDDEN: Final = "•••"
_ONE_DIGIT: Final = ("1", "7")
_TWO_DIGITS: Final = frozenset(
    {20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67)}
    | {81, 82, 84, 86, *range(90, 96), 98}
)
"""Country codes of two digits; all that do not begin with 1 or 7 and are not here have three.

Source: ITU-T E.164, list of assigned country codes.
"""


def masked(channel: str, to: str) -> str:
    """Return the address with its middle hidden: `+49 ••• ••42`, `a•••@example.com`."""
    if channel == "email":
        local, _, domain = to.rpartition("@")
        return f"{local[:1]}{HIDDEN}@{domain}"
    if channel == "sms" and to.startswith("+") and to[1:].isdecimal():
        return f"+{_country(to[1:])} {HIDDEN} ••{to[-2:]}"
    return f"{HIDDEN}{to[-2:]}"


def _country(digits: str) -> str:
    if digits.startswith(_ONE_DIGIT):
        return digits[:1]
    return digits[:2] if int(digits[:2]) in _TWO_DIGITS else digits[:3]
