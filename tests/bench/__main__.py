"""Measures what the sidecar costs beside nginx and Caddy: on this machine, in this run."""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench import latency, proxying, rules, sockets, startup, streams, verification
from tests.bench.caddy import caddy_path
from tests.bench.facts import facts
from tests.bench.places import Conditions, kinds
from tests.bench.report import remarks, table, verifications

STEPS: Mapping[str, Callable[[Conditions], Mapping[str, float | str]]] = {
    "proxy": proxying.measure,
    "latency": latency.measure,
    "streams": streams.measure,
    "sockets": sockets.measure,
    "start": startup.measure,
    "policy": rules.measure,
    "verification": verification.measure,
}
FAILURES = (SystemExit, AssertionError, OSError, subprocess.SubprocessError)
LIMIT_S = 900
"""No run takes longer, whatever hangs."""


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS), metavar="STEP")
    parser.add_argument("--rounds", type=int, default=3, help="how often everybody's turn comes")
    parser.add_argument("--seconds", type=int, default=3, help="the length of a turn under load")
    parser.add_argument(
        "--people", nargs="+", type=int, default=[1_000, 100_000], help="sizes of stores"
    )
    parser.add_argument("--without-caddy", action="store_true")
    parser.add_argument(
        "--with-stock", action="store_true", help="also an nginx that keeps no connections"
    )
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    return parser.parse_args(words)


def run(asked: argparse.Namespace) -> dict[str, float | str]:
    """Take one step after the other; a step that goes wrong is told of and spoils no other."""
    found = facts()
    found |= {"rounds": asked.rounds, "seconds": asked.seconds}
    found |= dict(_skipped(asked))
    with_caddy = caddy_path() is not None and not asked.without_caddy
    compared = kinds(with_caddy=with_caddy, with_stock=asked.with_stock)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        given = Conditions(Path(folder), compared, asked.rounds, asked.seconds, asked.people)
        for name in asked.only:
            began = time.monotonic()
            try:
                found |= STEPS[name](given)
            except FAILURES as error:
                found[f"failed.{name}"] = str(error)[:500]
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def _skipped(asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    if asked.without_caddy:
        yield "skipped.caddy", "not asked for"
    elif caddy_path() is None:
        yield "skipped.caddy", "not installed"
    for name in STEPS:
        if name not in asked.only:
            yield f"skipped.{name}", "not asked for"


def main() -> None:
    asked = parse()
    # Ended from outside or by its own limit, it still ends all that it has started.
    for told in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(told, signal.default_int_handler)
    signal.alarm(LIMIT_S)
    try:
        found = run(asked)
    except KeyboardInterrupt:
        raise SystemExit(f"ended from outside, or after {LIMIT_S} s") from None
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    tables = filter(None, (table(found), verifications(found)))
    print(*tables, *remarks(found), f"All figures: {asked.json}", sep="\n")
    if any(key.startswith("failed.") for key in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
