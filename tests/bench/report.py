"""The table of a run, made from its figures alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.bench.places import named

Figures = Mapping[str, float | str]
COLUMNS = {
    "nginx": "nginx `proxy_pass`",
    "proxy": "sidecar",
    "caddy.reverse_proxy": "Caddy `reverse_proxy`",
    "caddy.forward_auth": "Caddy `forward_auth`",
    "nginx.stock": "nginx as it comes",
}
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what is told, and under which keys it stands."""

    label: str
    figure: str
    form: str
    ratio: str = ""
    """The key of the ratio to nginx, where there is one."""


ROWS = (
    Row("CPU of a request, 32 connections", "cpu_us", "{:.1f} µs", "cpu_ratio"),
    Row("CPU of a request, 256 connections", "cpu_us_256", "{:.1f} µs", "cpu_ratio_256"),
    Row("CPU of a request, no two alike", "cpu_us_varied", "{:.1f} µs", "cpu_ratio_varied"),
    Row("requests a second, 32 connections", "rps", "{:,.0f}", "rps_ratio"),
    Row("requests a second, 256 connections", "rps_256", "{:,.0f}", "rps_ratio_256"),
    Row("added at 500 requests a second, median", "added.p50_ms", "{:.2f} ms"),
    Row("added at 500 requests a second, 99 %", "added.p99_ms", "{:.2f} ms"),
    Row("1 GiB down", "stream.download_mib_s", "{:,.0f} MiB/s", "stream.download_ratio"),
    Row("1 GiB up", "stream.upload_mib_s", "{:,.0f} MiB/s", "stream.upload_ratio"),
    Row("memory growth while streaming", "stream.rss_growth_mib", "{:.1f} MiB"),
    Row("memory of an idle WebSocket", "websocket.kib_each", "{:.1f} KiB"),
    Row("from start to ready", "start.ready_s", "{:.2f} s"),
    Row("memory when idle", "idle.rss_mib", "{:.0f} MiB"),
    Row("… of it the process's own", "idle.own_mib", "{:.0f} MiB"),
    Row("a decision, 2,000 rules beside 20", "policy.rules_2000_over_20", "×{:.2f}"),
    Row("the same, all rules in one folder", "policy.rules_2000_over_20_in_one_folder", "×{:.2f}"),
)


VERIFIED = (
    ("CPU", "cpu_us", "{:,.0f} µs"),
    ("a second and core", "per_core_s", "{:,.0f}"),
    ("× yardstick", "ratio", "{:.1f}"),
    ("CPU of the database", "database_us", "{:,.0f} µs"),
    ("median", "p50_ms", "{:.1f} ms"),
    ("99 %", "p99_ms", "{:.1f} ms"),
)
"""What is told of a verification: the title, the end of the key, and how it is written."""
_CPU, _PARTS = ".cpu_us", 5
WAYS = {"pages": "page", "begin": "begin, API", "api": "verify, API"}


def table(figures: Figures) -> str:
    """Return the figures as a table in Markdown, which is also made to be read as it is.

    Whoever took no part has no column, and what was not measured no line.
    """
    shown = [name for name in COLUMNS if any(_cell(figures, name, row) for row in ROWS)]
    lines = [("", *(COLUMNS[name] for name in shown))]
    for row in ROWS:
        cells = [_cell(figures, name, row) for name in shown]
        if any(cells):
            lines.append((row.label, *(cell or NOTHING for cell in cells)))
    return _lined(lines) if shown else ""


def _lined(lines: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def verifications(figures: Figures) -> str:
    """Return what verifications cost as a table of its own; empty where none was measured."""
    measured = [key.removesuffix(_CPU) for key in figures if _is_verification(key)]
    if not measured:
        return ""
    lines = [("", *(title for title, _, _ in VERIFIED))]
    for key in measured:
        _, database, people, way = key.split(".")
        cells = (
            form.format(figures[f"{key}.{end}"]) if f"{key}.{end}" in figures else NOTHING
            for _, end, form in VERIFIED
        )
        lines.append((f"{WAYS[way]}, {database}, {int(people):,} people", *cells))
    return _lined(lines)


def _is_verification(key: str) -> bool:
    """Tell whether the key is of a way: its database, its people, and what was measured."""
    return key.startswith("verification.") and key.endswith(_CPU) and len(key.split(".")) == _PARTS


def remarks(figures: Figures) -> Iterator[str]:
    """Yield what the table does not hold: the machine, and what was left out or went wrong."""
    machine = {
        key.removeprefix("machine."): value
        for key, value in figures.items()
        if key.startswith("machine.")
    }
    yield ", ".join(f"{name} {value}" for name, value in machine.items())
    for key, value in figures.items():
        if key.startswith(("skipped.", "failed.", "note.")):
            yield f"{key.replace('.', ': ', 1)}: {value}"


def _cell(figures: Figures, name: str, row: Row) -> str:
    value = _figure(figures, name, row.figure)
    if value is None:
        return ""
    ratio = _figure(figures, name, row.ratio)
    told = "" if ratio is None else f", ×{_short(ratio)}{_spread(figures, name, row.ratio)}"
    return row.form.format(value) + told


def _spread(figures: Figures, name: str, ratio: str) -> str:
    least, most = (_figure(figures, name, f"{ratio}.{end}") for end in ("min", "max"))
    return "" if least is None or most is None else f" ({_short(least)} to {_short(most)})"


def _short(ratio: float | str) -> str:
    """Write a ratio with as many places as tell one run from another."""
    return f"{ratio:.2f}" if float(ratio) >= 1 else f"{ratio:.3f}"


def _figure(figures: Figures, name: str, figure: str) -> float | str | None:
    """Return a figure of somebody; the sidecar's stand with its name or without."""
    return figures.get(f"{name}.{figure}", figures.get(named(name, figure)))
