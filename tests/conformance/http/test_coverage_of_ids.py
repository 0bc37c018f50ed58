import importlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from _pytest.mark import ParameterSet

from tests.conformance.http.ids import REQUIREMENTS, THREATS

TESTS = Path(__file__).parents[2]
FOLDERS = ("conformance/http", "attacks")


def modules() -> Iterator[ModuleType]:
    for folder in FOLDERS:
        for path in sorted((TESTS / folder).glob("test_*.py")):
            name = ".".join(("tests", *folder.split("/"), path.stem))
            yield importlib.import_module(name)


def marks(module: ModuleType) -> Iterator[pytest.Mark | pytest.MarkDecorator]:
    """Every mark of every test in the module, those of single parameters included."""
    shared = getattr(module, "pytestmark", [])
    yield from shared if isinstance(shared, list) else [shared]
    for name, test in vars(module).items():
        if not (name.startswith("test_") and isinstance(test, FunctionType)):
            continue
        for mark in getattr(test, "pytestmark", ()):
            yield mark
            if mark.name == "parametrize":
                for row in mark.args[1]:
                    yield from row.marks if isinstance(row, ParameterSet) else ()


def named(kind: str) -> set[object]:
    return {
        argument
        for module in modules()
        for mark in marks(module)
        if mark.name == kind
        for argument in mark.args
    }


def test_every_requirement_has_a_test() -> None:
    """Marks show that each requirement is tested by name, and that none names another."""
    assert named("http") ^ set(REQUIREMENTS) == set()


def test_every_threat_has_a_test() -> None:
    """Marks show that each known attack on paths, headers and tunnels is tested by number."""
    assert named("threat") >= set(THREATS)
