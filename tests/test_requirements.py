"""The page of requirements and the marks of the tests say the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "requirements.md"
_ROW = re.compile(r"^\| ([A-Z]+-[A-Z0-9.-]+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def rows() -> dict[str, str]:
    """Return how each requirement of the page is met."""
    return {found[1]: found[3] for found in _ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def _marks(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.conforms":
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


@pytest.fixture(scope="module")
def marked() -> frozenset[str]:
    return frozenset(mark for path in (ROOT / "tests").rglob("*.py") for mark in _marks(path))


def test_what_is_said_to_be_proved_is(marked: frozenset[str]) -> None:
    """Each requirement that the page calls tested shows a test that names it."""
    tested = {name for name, how in rows().items() if how == "tests"}
    assert sorted(tested - marked) == []


def test_what_is_not_proved_has_a_reason(marked: frozenset[str]) -> None:
    """A requirement without a test shows why, and none that has one shows as missing."""
    others = {name: how for name, how in rows().items() if how != "tests"}
    assert all(" " in how for how in others.values())
    assert sorted(others.keys() & marked) == []


def test_each_requirement_stands_once() -> None:
    """No id shows twice on the page."""
    names = [found[1] for found in _ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names)) > 100
