"""What every case must leave behind: nothing, and a listener that serves the next visitor."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conformance.http.application import CANARY, canary_answer

if TYPE_CHECKING:
    from tests.conformance.http.harness import Stage

TURNS = 400
TURN_S = 0.005


@dataclass(frozen=True)
class Footprint:
    """What this process holds on to at one moment."""

    descriptors: int
    tasks: frozenset[asyncio.Task[Any]]

    @classmethod
    def now(cls) -> "Footprint":
        return cls(_descriptors(), frozenset(asyncio.all_tasks()))

    def left_over(self) -> list[str]:
        """What there is now beyond this."""
        now = Footprint.now()
        strange = now.tasks - self.tasks - {asyncio.current_task()}
        found = [f"task {task.get_coro()}" for task in strange]
        if now.descriptors > self.descriptors:
            found.append(f"{now.descriptors - self.descriptors} file descriptors")
        return found


def _descriptors() -> int:
    """Return how many files and sockets are open, but for the spare one that uvloop keeps."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the folder's own, while it is read
            links.append(entry.readlink())
    return len(links) - links.count(Path("/dev/null"))


def held(stage: "Stage") -> list[str]:
    """What the front and the pool hold, although every connection is closed."""
    shared = stage.listener._shared
    pool = stage.pool.state()["app"]
    counts = {
        "clients": len(shared.clients),
        "requests": len(shared.tasks),
        "addresses": len(shared.addresses),
        "idle connections": pool.idle,
        "taken connections": pool.taken,
        "requests that wait for one": pool.waiting,
    }
    return [f"{count} {name}" for name, count in counts.items() if count]


@contextlib.asynccontextmanager
async def nothing_left(stage: "Stage") -> AsyncIterator[None]:
    """No descriptor, task, client or connection outlives the block, and nothing failed unheard."""
    before = Footprint.now()
    loop = asyncio.get_running_loop()
    unheard: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    try:
        yield
    finally:
        loop.set_exception_handler(None)
    for _ in range(TURNS):
        if not (left := [*before.left_over(), *held(stage)]):
            break
        await asyncio.sleep(TURN_S)
    if left or unheard or stage.app.faults:
        raise AssertionError(f"left behind: {left}, {unheard}, {stage.app.faults}")


async def send_canaries(stage: "Stage") -> None:
    """Fresh visitors get exactly their own answers, on every connection that was kept.

    Exact on both sides: a byte of an earlier visitor before, in or behind a canary shows.
    """
    if not stage.listener.port:
        return  # drained: nobody can come any more
    if not stage.app.running:
        await stage.app.start()
    stage.judge.verdict = stage.judge.failure = None
    heads = [
        b"%b%d HTTP/1.1\r\nHost: canary.test\r\n" % (CANARY, number)
        for number in range(min(9, max(1, stage.idle)))
    ]
    visitors = [await stage.sent(head + b"Connection: close\r\n\r\n") for head in heads]
    for visitor, head in zip(visitors, heads, strict=True):
        expected = canary_answer(head).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        if (heard := await visitor.rest()) != expected:
            raise AssertionError(f"a canary heard {heard!r} instead of {expected!r}")
    if (asked := sorted(stage.app.canaries)) != [head + b"\r\n" for head in heads]:
        raise AssertionError(f"the application was asked {asked!r} instead of {heads!r}")
