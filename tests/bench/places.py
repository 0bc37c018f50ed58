"""Who stands before the application: each a program of its own, and visitors known to it."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import caddy, nginx
from tests.bench.browser import COOKIES
from tests.bench.guard import SUBJECT, enroll, guard
from tests.bench.processes import Program, Running, running

YARDSTICK = "nginx"
Kinds = Mapping[str, Callable[[Path, int], Program]]
"""By name, how one is prepared in a folder before the application at a port."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody who stands before the application, and whom requests are sent to."""

    name: str
    port: int
    process: Running
    cookies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all measurements of a run share."""

    folder: Path
    kinds: Kinds
    rounds: int
    seconds: int
    people: Sequence[int] = (1_000,)
    """How many there are in the stores that verifications are measured with."""


def kinds(*, with_caddy: bool, with_stock: bool) -> Kinds:
    """Return who is compared, the yardstick first."""
    found: dict[str, Callable[[Path, int], Program]] = {
        YARDSTICK: nginx.yardstick,
        SUBJECT: guard,
    }
    if with_caddy:
        found["caddy.reverse_proxy"] = caddy.reverse_proxy
        found["caddy.forward_auth"] = caddy.forward_auth
    if with_stock:
        found["nginx.stock"] = nginx.stock
    return found


@contextmanager
def standing(given: Conditions, upstream: int, *names: str) -> Iterator[list[Place]]:
    """Let these, or all, stand before the application; all are sent the very same cookies."""
    with tempfile.TemporaryDirectory(dir=given.folder) as name, ExitStack() as stack:
        programs = {}
        for kind in names or given.kinds:
            program = given.kinds[kind](Path(name), upstream)
            programs[kind] = (program, stack.enter_context(running(program)))
        cookies = enroll(programs[SUBJECT][0]) if SUBJECT in programs else COOKIES
        yield [Place(kind, one.port, made, cookies) for kind, (one, made) in programs.items()]


def named(name: str, figure: str) -> str:
    """Return the key of a figure; the sidecar's stand alone, others' behind their name."""
    return figure if name == SUBJECT else f"{name}.{figure}"
