"""What passes at most: one GiB down and one GiB up, and the memory held meanwhile."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench import nginx
from tests.bench.browser import head
from tests.bench.places import YARDSTICK, Conditions, Place, named, standing
from tests.bench.processes import running
from tests.bench.sink import sink

SIZE = 1 << 30
CHUNK = 1 << 20
SILENT_S = 30.0
DIRECT = "direct"
NEAR = 0.9
"""Of the speed of the client alone: what comes so near may be held up by the client."""
Transfer = Callable[[int, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Streamed:
    """One transfer: how long it took, and what the program in between spent on it."""

    seconds: float
    cpu_s: float = 0.0
    grown_mib: float = 0.0

    @property
    def mib_s(self) -> float:
        return SIZE / (1 << 20) / self.seconds


Rounds = Sequence[Mapping[str, Streamed]]


def measure(given: Conditions) -> dict[str, float | str]:
    """Return how fast everybody passes a GiB on, beside nginx, and what memory that takes."""
    application = nginx.application(given.folder)
    with (given.folder / "files" / "large").open("wb") as file:
        os.truncate(file.fileno(), SIZE)  # takes no room on the disk
    with running(application), standing(given, application.port) as places:
        down = _turns(given, places, application.port, download)
    taker = sink(given.folder)
    with running(taker), standing(given, taker.port) as places:
        up = _turns(given, places, taker.port, upload)
    found = (*figures(down, "download"), *figures(up, "upload"), *_grown((*down, *up)))
    return dict(found)


def download(port: int, cookies: Mapping[str, str]) -> None:
    """Read a GiB; nothing is done with it."""
    buffer = bytearray(CHUNK)
    with socket.create_connection(("127.0.0.1", port), SILENT_S) as connection:
        connection.sendall(head(cookies, "/files/large").encode())
        left = SIZE - len(_answered(connection, "a download"))
        while left > 0:
            got = connection.recv_into(buffer)
            if not got:
                raise SystemExit(f"a download ended with {left} bytes to come")
            left -= got


def upload(port: int, cookies: Mapping[str, str]) -> None:
    """Send a GiB and wait until the application says that it has all of it."""
    fields = {"Content-Length": str(SIZE), "Content-Type": "application/octet-stream"}
    chunk = bytes(CHUNK)
    with socket.create_connection(("127.0.0.1", port), SILENT_S) as connection:
        connection.sendall(head(cookies, "/files/new", method="POST", fields=fields).encode())
        for _ in range(SIZE // CHUNK):
            connection.sendall(chunk)
        _answered(connection, "an upload")


def _answered(connection: socket.socket, what: str) -> bytes:
    """Return what has come of the body when the head of the answer has."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(CHUNK)
        if not more:
            break
        got += more
    if not got.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{what} was answered {got[:200]!r}")
    return got.partition(b"\r\n\r\n")[2]


def _turns(given: Conditions, places: Sequence[Place], direct: int, transfer: Transfer) -> Rounds:
    transfer(direct, places[0].cookies)  # so that the pages of the file are in memory
    return [
        {
            DIRECT: Streamed(_timed(transfer, direct, places[0].cookies)),
            **{place.name: _turn(place, transfer) for place in places},
        }
        for _ in range(given.rounds)
    ]


def _turn(place: Place, transfer: Transfer) -> Streamed:
    before = place.process.cpu_s()
    with place.process.growth_mib() as grown:
        seconds = _timed(transfer, place.port, place.cookies)
    return Streamed(seconds, place.process.cpu_s() - before, grown[0])


def _timed(transfer: Transfer, port: int, cookies: Mapping[str, str]) -> float:
    began = time.perf_counter()
    transfer(port, cookies)
    return time.perf_counter() - began


def figures(rounds: Rounds, way: str) -> Iterator[tuple[str, float | str]]:
    """Yield everybody's speed, and its ratio to nginx in the same round."""
    speeds = {name: [taken[name].mib_s for taken in rounds] for name in rounds[0]}
    for name, own in speeds.items():
        yield named(name, f"stream.{way}_mib_s"), median(own)
    if median(speeds[YARDSTICK]) > NEAR * median(speeds[DIRECT]):
        yield f"note.{way}", "nginx is about as fast as the client alone: the client is the limit"
    for name in speeds:
        if name in {DIRECT, YARDSTICK}:
            continue
        both = [(taken[name], taken[YARDSTICK]) for taken in rounds]
        speed = [one.mib_s / yard.mib_s for one, yard in both]
        yield named(name, f"stream.{way}_ratio"), median(speed)
        yield named(name, f"stream.{way}_ratio.min"), min(speed)
        yield named(name, f"stream.{way}_ratio.max"), max(speed)
        cpu = median(one.cpu_s / yard.cpu_s for one, yard in both)
        yield named(name, f"stream.{way}_cpu_ratio"), cpu


def _grown(rounds: Rounds) -> Iterator[tuple[str, float]]:
    for name in rounds[0]:
        if name != DIRECT:
            grown = max(taken[name].grown_mib for taken in rounds)
            yield named(name, "stream.rss_growth_mib"), grown
