"""Measures what the sidecar costs beside nginx and Caddy, on this machine, in this run."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import nginx, proxying
from tests.bench.caddy import caddy, caddy_path
from tests.bench.guard import enroll, prepare
from tests.bench.load import Place
from tests.tools.ports import free_ports


@contextmanager
def places(folder: Path) -> Iterator[list[Place]]:
    upstream, plain, third, fourth = free_ports(4)
    with ExitStack() as stack:
        stack.enter_context(nginx.application(folder, upstream))
        yard = stack.enter_context(nginx.yardstick(folder, plain, upstream))
        guard = prepare(folder / "sidecar", upstream)
        process = stack.enter_context(guard.serving())
        cookies = enroll(guard)
        found = [
            Place("nginx", plain, yard, cookies),
            Place("proxy", guard.port, process, cookies),
        ]
        program = caddy_path()
        if program:
            for name, port, asks in (
                ("caddy.reverse_proxy", third, False),
                ("caddy.forward_auth", fourth, True),
            ):
                made = caddy(folder, port, upstream, program=program, asks=asks)
                found.append(Place(name, port, stack.enter_context(made), cookies))
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--without-caddy", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, places(Path(name)) as found:
        if asked.without_caddy:
            found = found[:2]
        figures = proxying.measure(
            found, Path(name), rounds=asked.rounds, seconds=asked.seconds
        )
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
