"""What a request waits for: the time added at a fixed rate, which nobody's slowness lowers."""

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from statistics import median, quantiles

from tests.bench import nginx
from tests.bench.browser import head
from tests.bench.places import Conditions, named, standing
from tests.bench.processes import running

RATE_HZ = 500
SECONDS_EACH = 10
"""For everybody, shared out among the rounds."""
CONNECTIONS = 32
LOST_S = 5.0
DIRECT = "direct"
Waits = Sequence[float]


def measure(given: Conditions) -> dict[str, float]:
    """Return what each adds, median and 99th percentile, to asking the application directly."""
    application = nginx.application(given.folder)
    with running(application), standing(given, application.port) as places:
        sent = head(places[0].cookies).encode()
        ports = {DIRECT: application.port, **{place.name: place.port for place in places}}
        seconds = SECONDS_EACH / given.rounds
        rounds = [
            {name: pace(port, sent, seconds) for name, port in ports.items()}
            for _ in range(given.rounds)
        ]
    return dict(added(rounds))


def added(rounds: Sequence[Mapping[str, Waits]]) -> Iterator[tuple[str, float]]:
    """Yield the difference to the direct way in the same round, the median of all rounds."""
    for word, place in (("p50_ms", 49), ("p99_ms", 98)):
        seen = [
            {name: quantiles(waits, n=100)[place] * 1e3 for name, waits in taken.items()}
            for taken in rounds
        ]
        for name in seen[0]:
            if name == DIRECT:
                yield f"{DIRECT}.{word}", median(taken[name] for taken in seen)
            else:
                yield (
                    named(name, f"added.{word}"),
                    median(taken[name] - taken[DIRECT] for taken in seen),
                )


def pace(port: int, sent: bytes, seconds: float) -> list[float]:
    """Ask at the fixed rate; return how long after its due time each request was answered.

    Raises:
        SystemExit: an answer was no 200 or never came.

    """
    with ExitStack() as stack:
        asking = _Asking(
            stack.enter_context(socket.create_connection(("127.0.0.1", port), LOST_S))
            for _ in range(CONNECTIONS)
        )
        stack.callback(gc.enable)
        gc.disable()  # this process's own pauses would be taken for theirs
        return asking.all(sent, seconds)


class _Asking:
    """An open loop: when a request is due does not depend on the answers before it."""

    def __init__(self, connections: Iterator[socket.socket]) -> None:
        self._idle = deque(connections)
        self._waiting: dict[socket.socket, tuple[float, bytes]] = {}
        self._waits: list[float] = []

    def all(self, sent: bytes, seconds: float) -> list[float]:
        due = time.perf_counter()
        end = due + seconds
        while due < end or self._waiting:
            left = due - time.perf_counter()
            if due < end and self._idle and left <= 0:
                connection = self._idle.popleft()
                connection.sendall(sent)
                self._waiting[connection] = (due, b"")
                due += 1 / RATE_HZ
            else:
                self._take(left if due < end and self._idle else LOST_S)
        return self._waits

    def _take(self, wait_s: float) -> None:
        # select, since epoll and poll of this interpreter wait whole milliseconds
        ready, _, _ = select.select(list(self._waiting), (), (), wait_s)
        if not ready and wait_s == LOST_S:
            raise SystemExit(f"no answer within {LOST_S} s")
        for connection in ready:
            due, got = self._waiting[connection]
            got += connection.recv(65536)
            self._waiting[connection] = (due, got)
            if _complete(got):
                self._waits.append(time.perf_counter() - due)
                del self._waiting[connection]
                self._idle.append(connection)


def _complete(got: bytes) -> bool:
    begun, _, body = got.partition(b"\r\n\r\n")
    if not begun.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"a request at a fixed rate was answered {begun[:200]!r}")
    return len(body) == nginx.BODY_BYTES
