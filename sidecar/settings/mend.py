"""Stand-ins for what does not validate, so that one run can report every fault there is."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Final

from pydantic import ValidationError

from sidecar.settings.faults import Where
from sidecar.settings.schema import Settings
from sidecar.settings.source import Data

NOWHERE: Final = "left-out.invalid"

STAND_INS: Final[dict[str, Data]] = {
    "public": [f"https://{NOWHERE}"],
    "upstreams": {"left_out": f"http://{NOWHERE}"},
    "identity": {"left_out": {}},
    "enrollment": {"first": "invited"},
    "factors": {"left_out": {}},
    "keys": [{"id": "left-out", "from": {"env": "LEFT_OUT"}}],
}
"""For sections without a default; the others simply fall back to theirs."""

ENTRIES: Final[dict[str, int]] = {"upstreams": 2, "identity": 2, "factors": 2, "keys": 2}
"""How many steps lead to one entry of a section of entries; a rule needs three."""


def mend(data: dict[str, Data], wrong: Iterable[Where]) -> tuple[Settings, frozenset[Where]]:
    """Return valid settings and the places whose value was replaced.

    A rule that does not validate becomes one that matches nothing: dropping it would move the
    others, dropping a criterion would make it wider than it was written.
    """
    spoiled = frozenset(_entry(where) for where in wrong)
    whole = deepcopy(data)
    for place in spoiled:
        _replace(whole, place)
    try:
        return Settings.model_validate(whole), spoiled
    except ValidationError as error:
        sections: frozenset[Where] = frozenset((item["loc"][0],) for item in error.errors())
    for place in sections:
        _replace(whole, place)
    return Settings.model_validate(whole), spoiled | sections


def _entry(where: Where) -> Where:
    """Return the smallest thing around a place that can be replaced as a whole."""
    if where[:2] == ("policy", "rules"):
        return where[:3]
    if where and where[0] in ENTRIES:
        return where[:2]
    return where[:2] if where and where[0] not in STAND_INS else where[:1]


def _replace(data: dict[str, Data], place: Where) -> None:
    section = str(place[0])
    around = data.get(section)
    match place:
        case ("policy", "rules", int(index)) if isinstance(around, dict):
            rules = around["rules"]
            if isinstance(rules, list):
                rules[index] = {"name": f"left-out-{index}", "host": NOWHERE, "level": "deny"}
        case (_, int(index)) if section == "keys" and isinstance(around, list):
            around[index] = {"id": f"left-out-{index}", "from": {"env": "LEFT_OUT"}}
        case (_, str(name)) if section in ENTRIES and isinstance(around, dict):
            around[name] = f"http://{NOWHERE}" if section == "upstreams" else {}
        case (_, str(name)) if isinstance(around, dict):
            around.pop(name, None)
        case _ if section in STAND_INS:
            data[section] = STAND_INS[section]
        case _:
            data.pop(section, None)
