"""Load by wrk: as many requests as a number of connections take, and what became of them."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.browser import ORIGIN, PAGE, head
from tests.bench.nginx import BODY_BYTES
from tests.bench.places import Place

SAME = "wrk.format = function() return {head} end\n"
"""Every request is, byte for byte, the same."""
VARIED = """
local n = {start}
function request()
  n = n + 1
  return {before} .. n .. {between} .. n .. {and_then} .. n .. {after}
end
"""
"""No two requests are the same: path, Referer and a field that means nothing count up."""
DONE = """
function done(summary, latency)
  local e = summary.errors
  print(string.format('{"requests": %d, "took_us": %d, "bytes": %d, "failed": %d}',
    summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.timeout + e.status))
end
"""
COUNT = "@@"
RUN_REQUESTS = 100_000_000
_starts = itertools.count(RUN_REQUESTS, RUN_REQUESTS)
"""Where the numbers of a run begin, so that none occurs in two of them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of wrk came to."""

    requests: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time of one request, in millionths of a second."""
        return self.cpu_s / self.requests * 1e6


def wrk_path() -> str:
    """Return where wrk lies.

    Raises:
        SystemExit: it is not installed; nothing can be measured without.

    """
    path = shutil.which("wrk")
    if path is None:
        raise SystemExit("wrk is not installed: it makes the load (Debian: wrk)")
    return path


def script(cookies: Mapping[str, str], *, varied: bool, start: int = 0) -> str:
    """Return the program of wrk that sends what a browser with these cookies sends."""
    if not varied:
        return SAME.format(head=json.dumps(head(cookies))) + DONE
    fields = {"Referer": f"{ORIGIN}{PAGE}/{COUNT}", "X-Trace": COUNT}
    parts = head(cookies, f"{PAGE}/{COUNT}", fields=fields).split(COUNT)
    names = ("before", "between", "and_then", "after")
    words = {name: json.dumps(part) for name, part in zip(names, parts, strict=True)}
    return VARIED.format(start=start, **words) + DONE


def press(
    place: Place, folder: Path, *, connections: int, seconds: int, varied: bool = False
) -> Measured:
    """Load a place for so long and return what it took.

    Raises:
        SystemExit: a request was refused or lost, so that the figures would mean nothing.

    """
    program = folder / "wrk.lua"
    program.write_text(script(place.cookies, varied=varied, start=next(_starts)), encoding="ascii")
    before = place.process.cpu_s()
    output = subprocess.run(
        (
            *(wrk_path(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"),
            *("-s", str(program), f"http://127.0.0.1:{place.port}{PAGE}"),
        ),
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 30,
    ).stdout
    cpu_s = place.process.cpu_s() - before
    said = json.loads(output.strip().splitlines()[-1])
    # wrk counts only 4xx and 5xx as failed; a redirect would be too short to be the page.
    if said["failed"] or not said["requests"] or said["bytes"] < said["requests"] * BODY_BYTES:
        raise SystemExit(f"{place.name} did not answer every request with the page:\n{output}")
    return Measured(said["requests"], said["took_us"] / 1e6, cpu_s)
