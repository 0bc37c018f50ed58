"""The parts of `make bench` that measure nothing: reading /proc, ratios, requests, the table."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.bench import latency, proxying, streams
from tests.bench.__main__ import STEPS, parse
from tests.bench.browser import COOKIES, head
from tests.bench.load import Measured, script
from tests.bench.places import kinds
from tests.bench.processes import TICKS_S, cpu_of, kib_of
from tests.bench.report import remarks, table, verifications
from tests.bench.rules import FEW, MANY, Words, crowded, prepared, spread

ROOT = Path(__file__).parent.parent
FIGURES: Mapping[str, float | str] = {
    "nginx.cpu_us": 12.0,
    "proxy.cpu_us": 30.0,
    "proxy.cpu_ratio": 2.5,
    "proxy.cpu_ratio.min": 2.4,
    "proxy.cpu_ratio.max": 2.75,
    "caddy.reverse_proxy.cpu_us": 84.0,
    "caddy.reverse_proxy.cpu_ratio": 7.0,
    "websocket.kib_each": 20.96,
    "machine.cores": 2,
    "machine.nginx": "1.22.1",
    "skipped.start": "not asked for",
    "failed.streams": "an upload was answered 502",
    "note.download": "too fast",
}


def test_cpu_time_is_read_behind_any_name() -> None:
    """A process name of blanks and brackets shows that user and system time are found all the same.

    The fields are counted from behind the name, children that ended are counted too.
    """
    fields = ["S", *map(str, range(4, 14)), "100", "20", "7", "3", "20", "0"]
    assert cpu_of(f"42 (a) b (c) {' '.join(fields)}") == pytest.approx(130 / TICKS_S)


def test_memory_is_read_by_its_name() -> None:
    """The status of a process shows its resident size, and none once it has ended."""
    status = "Name:\tsidecar\nVmHWM:\t  2000 kB\nVmRSS:\t  1234 kB\nThreads:\t1\n"
    assert kib_of(status) == 1234
    assert kib_of(status, "VmHWM") == 2000
    assert kib_of("Name:\tsidecar\nState:\tZ (zombie)\n") == 0


def test_ratios_are_taken_within_a_round() -> None:
    """A machine that slows down from round to round shows the ratios unmoved."""
    rounds = [
        {
            "nginx": Measured(requests=1000, seconds=slow, cpu_s=0.01 * slow),
            "proxy": Measured(requests=500, seconds=slow, cpu_s=0.01 * slow),
        }
        for slow in (1.0, 2.0, 4.0)
    ]
    found = proxying.compare(rounds, "_256")
    assert found["nginx.cpu_us_256"] == pytest.approx(20)
    assert found["proxy.cpu_us_256"] == pytest.approx(40)
    for end in ("", ".min", ".max"):
        assert found[f"proxy.cpu_ratio_256{end}"] == pytest.approx(2)
        assert found[f"proxy.rps_ratio_256{end}"] == pytest.approx(0.5)
    assert "nginx.cpu_ratio_256" not in found


def test_a_client_that_is_too_slow_is_told_of() -> None:
    """A yardstick as fast as the client alone shows a note; one far from it, none."""

    def noted(seconds: float) -> bool:
        taken = {"direct": streams.Streamed(1.0), "nginx": streams.Streamed(seconds)}
        return "note.download" in dict(streams.figures([taken], "download"))

    assert noted(1.05)
    assert not noted(1.5)


def test_what_is_added_is_the_difference_to_the_direct_way() -> None:
    """Waits with and without a proxy show what it adds, for each in turn."""
    direct = [0.001] * 100
    found = dict(latency.added([{"direct": direct, "proxy": [0.003] * 100, "nginx": direct}]))
    assert found["direct.p50_ms"] == pytest.approx(1)
    assert found["added.p50_ms"] == found["added.p99_ms"] == pytest.approx(2)
    assert found["nginx.added.p99_ms"] == pytest.approx(0)


def test_an_answer_that_is_no_page_ends_the_run() -> None:
    """A refusal at the fixed rate shows an end with its first words, not a figure."""
    with socket.create_server(("127.0.0.1", 0), backlog=latency.CONNECTIONS) as server:
        asking = socket.create_connection(server.getsockname())
        answering, _ = server.accept()
        with asking, answering:
            answering.sendall(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
            with pytest.raises(SystemExit, match="401"):
                latency._Asking(iter([asking])).all(b"GET / HTTP/1.1\r\n\r\n", 0.001)


def test_requests_are_those_of_a_browser() -> None:
    """The head shows a line, the Host first, the cookies in one field, and its own end."""
    lines = head(COOKIES, "/x", method="POST", fields={"Content-Length": "5"}).split("\r\n")
    assert lines[:2] == ["POST /x HTTP/1.1", "Host: app.test"]
    assert [line for line in lines if line.startswith("Cookie: ")] == [
        "Cookie: app=3f9a1c52b7d04e86; theme=dark; _ga=GA1.2.1093746582.1790000000"
    ]
    assert lines[-3:] == ["Content-Length: 5", "", ""]


def test_varied_requests_count_in_three_places() -> None:
    """The program of wrk shows path, Referer and a field of no meaning counting from its start."""
    program = script(COOKIES, varied=True, start=700)
    assert "local n = 700" in program
    assert program.count(".. n ..") == 3
    assert "@@" not in program
    assert json.dumps(head(COOKIES)) in script(COOKIES, varied=False)


@pytest.mark.parametrize("words", [spread, crowded])
def test_each_rule_is_met_by_a_path(words: Words) -> None:
    """The paths of the policy step show that as many rules decide, few or many."""
    for count in (FEW, MANY):
        policy, facts = prepared(words, count)
        met = {policy.route(fact)[0][0].name for fact in facts}
        assert len(met) == len(facts) == FEW + 1
        assert "default" in met


def test_the_table_has_what_was_measured() -> None:
    """Figures of some steps show no line and no column of the others, and gaps as gaps."""
    header, rule, cpu, socket_line = table(FIGURES).splitlines()
    assert [cell.strip() for cell in header.split("|")[2:-1]] == [
        "nginx `proxy_pass`",
        "sidecar",
        "Caddy `reverse_proxy`",
    ]
    assert set(rule) == {"|", "-", " "}
    assert [cell.strip() for cell in cpu.split("|")[1:-1]] == [
        "CPU of a request, 32 connections",
        "12.0 µs",
        "30.0 µs, ×2.50 (2.40 to 2.75)",
        "84.0 µs, ×7.00",
    ]
    assert [cell.strip() for cell in socket_line.split("|")[2:-1]] == ["–", "21.0 KiB", "–"]
    assert len({len(line) for line in (header, rule, cpu, socket_line)}) == 1


def test_verifications_have_a_table_of_their_own() -> None:
    """Figures of a way show one line with their store, and yardsticks and others none."""
    key = "verification.postgres.100000.pages"
    measured = {
        f"{key}.cpu_us": 2000.0,
        f"{key}.per_core_s": 500.0,
        f"{key}.ratio": 12.34,
        f"{key}.p99_ms": 9.87,
        "verification.postgres.commit.cpu_us": 70.0,
    }
    header, _, line = verifications({**FIGURES, **measured}).splitlines()
    assert header.split("|")[2].strip() == "CPU"
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        "page, postgres, 100,000 people",
        *("2,000 µs", "500", "12.3", "–", "–", "9.9 ms"),
    ]
    assert verifications(FIGURES) == ""


def test_the_remarks_hide_nothing() -> None:
    """What was skipped or failed shows with its reason, behind the machine."""
    assert list(remarks(FIGURES)) == [
        "cores 2, nginx 1.22.1",
        "skipped: start: not asked for",
        "failed: streams: an upload was answered 502",
        "note: download: too fast",
    ]


def test_steps_and_options_are_documented() -> None:
    """The page about performance shows every step and option, and has a place for the table."""
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert [step for step in STEPS if f"`{step}`" not in text] == []
    options = [name.replace("_", "-") for name in vars(parse([]))]
    assert [name for name in options if f"--{name}" not in text] == []
    assert text.index("<!-- table -->") < text.index("<!-- end -->")


def test_nobody_is_compared_unasked() -> None:
    """The list of those compared shows nginx and the sidecar always, others when asked for."""
    assert list(kinds(with_caddy=False, with_stock=False)) == ["nginx", "proxy"]
    assert len(kinds(with_caddy=True, with_stock=True)) == 5
