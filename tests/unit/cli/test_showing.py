"""What commands print: JSON for programs, tables at a terminal, plain columns elsewhere."""

import io
import json
import re
from datetime import UTC, datetime

import pytest

from sidecar.api.config import Switched
from sidecar.cli.showing import Table, Told, draw, show, table, visible

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROWS = table("NAME USED", [("Phone", NOON), ("A key with a long name", None)])


def drawn(*parts: str | Table, terminal: bool = False) -> str:
    out = io.StringIO()
    draw(parts, out, terminal=terminal)
    return out.getvalue()


def test_columns_line_up_and_lines_have_no_tail() -> None:
    """A table without a terminal shows plain columns that `awk` can split."""
    assert drawn("two things:", ROWS) == (
        "two things:\n"
        "NAME                    USED\n"
        "Phone                   2026-01-31 12:00\n"
        "A key with a long name  -\n"
    )


def test_a_table_without_rows_says_what_it_would_hold() -> None:
    """Nothing to list shows the names of the columns alone."""
    assert drawn(table("NAME USED", ())) == "NAME  USED\n"


def test_a_terminal_gets_a_drawn_table() -> None:
    """A terminal shows the same cells, with a line under the names of the columns."""
    painted = drawn("two things:", ROWS, terminal=True)
    assert painted.startswith("two things:\n")
    assert "─" in painted
    assert "A key with a long name" in painted


WIDE = table(
    "NAME STATE ID DETAILS", [("blue phone", "active", "e7yxaLDDdbCUt7Pm_Zyu", "few words " * 9)]
)


def test_a_narrow_terminal_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where columns would be cut off each cell shows whole, on a line of its own."""
    monkeypatch.setenv("COLUMNS", "60")
    assert drawn(WIDE, terminal=True) == (
        "NAME     blue phone\n"
        "STATE    active\n"
        "ID       e7yxaLDDdbCUt7Pm_Zyu\n"
        f"DETAILS  {'few words ' * 9}\n"
        "\n"
    )


def test_columns_that_only_fit_undrawn_stay_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short cells in many columns show one line a row, though lines between would not fit."""
    monkeypatch.setenv("COLUMNS", "80")
    named = table(
        "ID STATE PLACE VERSION STARTED BEAT BEHIND KEYS",
        [("o8vsuYJt", "live", "pod-a:7", "0.1.0", NOON, "0.8s ago", 0, "k1 k2")],
    )
    assert drawn(named, terminal=True) == drawn(named)


def test_only_the_widest_column_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it suffices to fold one column the others show in one piece, within the width."""
    monkeypatch.setenv("COLUMNS", "80")
    painted = re.sub(r"\x1b\[[0-9;]*m", "", drawn(WIDE, terminal=True))
    assert "─" in painted
    assert "blue phone" in painted
    assert "e7yxaLDDdbCUt7Pm_Zyu" in painted
    assert max(map(len, painted.splitlines())) <= 80


@pytest.mark.parametrize("terminal", [True, False])
def test_a_name_is_a_name_and_no_order_to_the_terminal(terminal: bool) -> None:
    """Escapes, markup and invisible characters in a name show as signs, and do nothing."""
    told = drawn(table("NAME", [("\x1b]0;own\x07[red]x[/red]\u202e",)]), terminal=terminal)
    assert "\x1b]0" not in told
    assert "\u202e" not in told
    assert "[red]x[/red]" in told


def test_values_read_as_people_write() -> None:
    """Values of each kind show as words."""
    values = (True, False, None, NOON, 3, "x")
    assert [visible(value) for value in values] == ["yes", "no", "-", "2026-01-31 12:00", "3", "x"]


def test_programs_get_what_the_api_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Models and plain values show as JSON alone, moments as the API writes them."""
    switched = Switched(user_id="app:ada", enabled=True)
    show(Told({"who": switched, "at": NOON}, ("for people",), "aside"), as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "who": {"user_id": "app:ada", "enabled": True},
        "at": "2026-01-31T12:00:00Z",
    }
    assert said.err == ""


def test_what_stands_aside_is_not_in_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    """A code for a script shows alone on standard output; its terms show on the other."""
    show(Told(None, ("K7",), "shown only now"), as_json=False)
    assert capsys.readouterr() == ("K7\n", "shown only now\n")


def test_what_was_found_is_in_no_repr() -> None:
    """A result's text shows nothing of it: there are codes among them."""
    assert "K7" not in repr(Told({"code": "K7"}, ("K7",)))
