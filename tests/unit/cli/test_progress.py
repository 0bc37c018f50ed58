"""How far a long command has come."""

import io

import pytest

from sidecar.cli.progress import PlainProgress, drawn, progress


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_come_once_a_second() -> None:
    """Whoever reads lines shows one a second at most, and none twice in one."""
    out, watch = io.StringIO(), Watch()
    plain = PlainProgress(200, out, watch)
    for at in range(20):
        plain.tell(at * 10, f"{at} rows")
        watch.now += 0.25
    assert out.getvalue().splitlines() == [
        "4 rows (20 %)",
        "8 rows (40 %)",
        "12 rows (60 %)",
        "16 rows (80 %)",
    ]


def test_nobody_knows_the_whole() -> None:
    """Without a whole the lines show no share, and more than the whole shows as all of it."""
    for total, said in ((0, "9 rows"), (5, "9 rows (100 %)")):
        out, watch = io.StringIO(), Watch()
        plain = PlainProgress(total, out, watch)
        watch.now += 1
        plain.tell(9, "9 rows")
        assert out.getvalue() == f"{said}\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the bar shows the text, and lines between stay as they were written."""
    out = io.StringIO()
    monkeypatch.setenv("COLUMNS", "100")
    with drawn(10, out) as bar:
        bar.tell(5, "5 rows [bold]")
        bar.line("line 3: its [name] is odd")
    assert "5 rows [bold]" in out.getvalue()
    assert "line 3: its [name] is odd\n" in out.getvalue()
    assert "50%" in out.getvalue()


def test_what_is_no_terminal_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere the lines show on standard error, and standard output stays for results."""
    with progress(0) as plain:
        plain.line("line 3: odd")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "line 3: odd\n")
