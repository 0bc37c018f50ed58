"""What a request costs: CPU time of the sidecar process, keep-alive, an 800-byte answer.

Prints one line for each kind of request and number of connections. Figures of different machines
cannot be compared; those of two versions on one quiet machine can.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tools.ports import free_ports, wait_for

BODY = b"x" * 800
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 800\r\nContent-Type: text/plain\r\n\r\n" + BODY
NOBODY = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"user": null}'
START_S = 20
CONFIGURATION = """
public: [http://localhost:{public}]
listen: {{public: 127.0.0.1:{public}}}
upstreams: {{app: http://127.0.0.1:{upstream}}}
login: {{page: /login, paths: [/login]}}
identity:
  app:
    plugin: upstream_session
    upstream: app
    url: /whoami
    anonymous: {{pointer: /user, equals: null}}
    subject: /user/id
enrollment: {{first: invited}}
factors: {{totp: {{issuer: Bench}}}}
policy: {{rules: [{{name: open, path: /open/**, level: bypass}}]}}
storage: {{database: sqlite+aiosqlite:///{folder}/sidecar.db}}
keys: [{{id: k1, from: {{env: ENCRYPTION_KEY}}}}]
"""


class Upstream(asyncio.Protocol):
    """Answers every request head with the same bytes; it must never be the slow part."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            self._transport.write(NOBODY if head.startswith(b"GET /whoami") else ANSWER)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request and the status that it must be answered with."""

    name: str
    path: str
    status: bytes


KINDS = (Kind("bypass, forwarded", "/open/page", b"200"), Kind("nobody, refused", "/page", b"401"))


async def client(port: int, kind: Kind, requests: int) -> None:
    """Sends so many requests, one after the other, on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {kind.path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: */*\r\n\r\n".encode()
    for _ in range(requests):
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        if answer[9:12] != kind.status:
            raise SystemExit(f"{kind.name}: {answer[:200]!r}")
        lengths = [
            line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")
        ]
        await reader.readexactly(int(lengths[0].split(b":")[1]))
    writer.close()
    await writer.wait_closed()


def cpu_s(pid: int) -> float:
    """User and system time of the process so far. Source: proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(pid: int, port: int, kind: Kind, *, connections: int, requests: int) -> str:
    share = requests // connections
    before, began = cpu_s(pid), time.perf_counter()
    await asyncio.gather(*(client(port, kind, share) for _ in range(connections)))
    cost, took = cpu_s(pid) - before, time.perf_counter() - began
    done = share * connections
    return (
        f"{kind.name:20} {connections:4} connections  {done / took:8.0f} requests/s"
        f"  {cost / done * 1e6:7.0f} µs CPU/request"
    )


def sidecar(*words: str) -> Sequence[str]:
    return (sys.executable, "-m", "sidecar", *words)


@contextmanager
def serving(folder: Path, upstream: int, public: int) -> Iterator[int]:
    """A sidecar process in front of the upstream; yields its pid."""
    path = folder / "sidecar.yaml"
    path.write_text(
        CONFIGURATION.format(public=public, upstream=upstream, folder=folder), encoding="utf-8"
    )
    key = subprocess.check_output(sidecar("keys", "generate", "--bare"), text=True).strip()
    environment = {**os.environ, "ENCRYPTION_KEY": key}
    settings = ("--config", str(path))
    subprocess.run(sidecar("migrate", "up", "--create", *settings), env=environment, check=True)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(sidecar("serve", *settings), env=environment, stderr=log)
    try:
        wait_for(public, START_S)
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_S)
        log.close()


async def bench(requests: int, connections: Sequence[int]) -> None:
    upstream, public = free_ports(2)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", upstream)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), upstream, public) as pid:
        for kind in KINDS:
            await measure(pid, public, kind, connections=8, requests=800)
            for number in connections:
                print(await measure(pid, public, kind, connections=number, requests=requests))
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 256])
    asked = parser.parse_args()
    asyncio.run(bench(asked.requests, asked.connections))


if __name__ == "__main__":
    main()
