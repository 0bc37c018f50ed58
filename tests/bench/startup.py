"""How soon it serves, and what it holds when nobody is there."""

import http.client
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench import nginx
from tests.bench.places import Conditions, named
from tests.bench.processes import START_S, Program, running, started

STARTS = 5
POLL_S = 0.002
SETTLED_S = 0.5
KEYS = ("start.ready_s", "idle.rss_mib", "idle.own_mib")
"""In the order in which a start tells them."""


def measure(given: Conditions) -> dict[str, float]:
    """Return the time from the start to the first 200, and the memory soon after."""
    found: dict[str, float] = {}
    application = nginx.application(given.folder)
    with running(application):
        for name, prepare in given.kinds.items():
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                program = prepare(Path(folder), application.port)
                _start(program)  # programs lie in memory, and their bytecode is made
                starts = [_start(program) for _ in range(STARTS)]
            for key, values in zip(KEYS, zip(*starts, strict=True), strict=True):
                found[named(name, key)] = median(values)
    return found


def _start(program: Program) -> tuple[float, float, float]:
    began = time.perf_counter()
    with started(program) as made:
        _await(program)
        ready_s = time.perf_counter() - began
        time.sleep(SETTLED_S)
        return ready_s, made.rss_mib(), made.rss_mib("RssAnon")


def _await(program: Program) -> None:
    port, path = program.ready
    until = time.perf_counter() + START_S
    while time.perf_counter() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass  # not there yet
        finally:
            connection.close()
        time.sleep(POLL_S)
    raise SystemExit(f"{program.name} was not ready within {START_S} s")
