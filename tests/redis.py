"""Real Redis servers of this test process: one alone, one that Sentinels watch, and a cluster."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from redis.crc import key_slot

from sidecar.settings.resting import RedisPart
from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.line import RedisDown
from tests.tools.ports import POLL_S, free_ports, wait_for

START_S = 30.0
SERVICE = "the-master"
SLOTS = 16_384
_PROGRAM = "redis-server"
_numbers = count()


def part(*ports: int, **words: object) -> RedisPart:
    """Return the section `redis:` for servers of this machine; nothing in it is anybody else's."""
    addresses = [f"127.0.0.1:{port}" for port in ports]
    changes = {"address": addresses, "prefix": f"test-{os.getpid()}-{next(_numbers)}", **words}
    return RedisPart.model_validate(changes)


@asynccontextmanager
async def lent(section: RedisPart) -> AsyncIterator[RedisConnection]:
    """Lend a connection to what the section names."""
    connection = RedisConnection(section)
    try:
        yield connection
    finally:
        await connection.close()


async def works(connection: RedisConnection) -> None:
    """It answers again, after the pause that it was left alone for."""
    async with asyncio.timeout(START_S):
        while True:
            try:
                await connection.ping()
            except RedisDown:
                await asyncio.sleep(POLL_S)
            else:
                return


@dataclass
class Redis:
    """A running server, which tests may stop for good or for a while."""

    port: int
    folder: Path
    words: Sequence[str] = ()
    """How it was started."""
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def part(self, **words: object) -> RedisPart:
        return part(self.port, **words)

    def say(self, *words: str) -> str:
        """Return what the server answers to somebody else."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            line.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())
            answer = line.recv(1 << 16).decode()
        if answer.startswith("-"):
            raise RuntimeError(answer)
        return answer

    def start(self) -> None:
        """It listens, with nothing in it unless it kept something."""
        command = ["setpriv", "--pdeathsig", "KILL", _PROGRAM, *self.words]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        wait_for(self.port, START_S)

    def kill(self) -> None:
        """It is gone this very moment."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(START_S)
            self.process = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """It is gone, and back, empty, afterwards."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and answers nobody, as behind a net that swallows everything."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def serving(*words: str, settings: Mapping[str, str] | None = None) -> Iterator[Redis]:
    """Run a server of its own for the length of the block; it keeps nothing on disk."""
    require()
    folder, (port,) = Path(mkdtemp("-redis")), free_ports(1)
    plain = {
        "port": str(port),
        "bind": "127.0.0.1",
        "save": "",
        "appendonly": "no",
        "dir": str(folder),
        **(settings or {}),
    }
    if "tls-port" in plain:
        port = int(plain["tls-port"])
    written = [word for name, value in plain.items() for word in (f"--{name}", value)]
    with _running(Redis(port, folder, [*written, *words])) as made:
        yield made


@contextmanager
def _running(made: Redis) -> Iterator[Redis]:
    """Run the server for the length of the block; its folder goes with it."""
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(made.folder, ignore_errors=True)


# --- a master that Sentinels watch ----------------------------------------------------------------


@dataclass
class Watched:
    """A master with one replica, and one Sentinel that makes the replica the master in time."""

    master: Redis
    replica: Redis
    sentinel: Redis

    def part(self, **words: object) -> RedisPart:
        return part(self.sentinel.port, kind="sentinel", service=SERVICE, **words)

    def fail_over(self) -> None:
        """The replica is the master, and the master is dead."""
        self.master.kill()
        until = time.monotonic() + START_S
        while f"\r\n{self.replica.port}\r\n" not in self.sentinel.say(
            "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE
        ):
            if time.monotonic() > until:
                raise TimeoutError("the Sentinel chose nobody")
            time.sleep(POLL_S)


@contextmanager
def watched() -> Iterator[Watched]:
    """Run all three for the length of the block."""
    with ExitStack() as stack:
        at_once = {"repl-diskless-sync-delay": "0"}
        master = stack.enter_context(serving(settings=at_once))
        follows = {"replicaof": f"127.0.0.1 {master.port}", **at_once}
        replica = stack.enter_context(serving(settings=follows))
        until = time.monotonic() + START_S
        while "state=online" not in master.say("INFO", "replication"):
            if time.monotonic() > until:
                raise TimeoutError("the replica does not follow")
            time.sleep(POLL_S)
        sentinel = stack.enter_context(_sentinel(master.port))
        while "num-slaves\r\n$1\r\n1\r\n" not in sentinel.say("SENTINEL", "MASTER", SERVICE):
            if time.monotonic() > until:
                raise TimeoutError("the Sentinel sees no replica")
            time.sleep(POLL_S)
        yield Watched(master, replica, sentinel)


@contextmanager
def _sentinel(master: int) -> Iterator[Redis]:
    folder, (port,) = Path(mkdtemp("-sentinel")), free_ports(1)
    file = folder / "sentinel.conf"
    file.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1\n"
        f"sentinel down-after-milliseconds {SERVICE} 300\n"
        f"sentinel failover-timeout {SERVICE} 2000\n"
    )
    with _running(Redis(port, folder, [str(file), "--sentinel"])) as made:
        yield made


# --- a cluster ------------------------------------------------------------------------------------


@dataclass
class Cluster:
    """Three masters that share the slots."""

    nodes: tuple[Redis, ...]

    def part(self, **words: object) -> RedisPart:
        return part(*(node.port for node in self.nodes), kind="cluster", **words)

    def settle(self) -> None:
        """All nodes know all others, and take what they are asked."""
        until = time.monotonic() + START_S
        wanted = ("cluster_state:ok", f"cluster_slots_assigned:{SLOTS}", "cluster_known_nodes:3")
        while not all(
            word in told
            for told in (node.say("CLUSTER", "INFO") for node in self.nodes)
            for word in wanted
        ):
            if time.monotonic() > until:
                raise TimeoutError("the nodes do not agree")
            time.sleep(POLL_S)

    @contextmanager
    def without(self, node: Redis) -> Iterator[None]:
        """One of them is gone, and back, empty, afterwards."""
        with node.away():
            yield
        self.settle()

    @staticmethod
    def slot(key: str) -> int:
        return key_slot(key.encode())

    def owner(self, key: str) -> Redis:
        """Return who has the key at first: the slots were given out in order."""
        return self.nodes[min(2, self.slot(key) // (SLOTS // 3))]


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run three nodes that know each other, for the length of the block."""
    with ExitStack() as stack:
        nodes = []
        for _ in range(3):
            (bus,) = free_ports(1)
            settings = {
                "cluster-enabled": "yes",
                "cluster-port": str(bus),
                "cluster-require-full-coverage": "no",
                "cluster-node-timeout": "15000",
            }
            nodes.append((stack.enter_context(serving(settings=settings)), bus))
        each, (first, _) = SLOTS // 3, nodes[0]
        for number, (node, bus) in enumerate(nodes):
            last = SLOTS - 1 if number == 2 else (number + 1) * each - 1
            node.say("CLUSTER", "ADDSLOTSRANGE", str(number * each), str(last))
            if node is not first:
                first.say("CLUSTER", "MEET", "127.0.0.1", str(node.port), str(bus))
        made = Cluster(tuple(node for node, _ in nodes))
        made.settle()
        yield made


def require() -> None:
    """Redis is installed, else the test is skipped."""
    if shutil.which(_PROGRAM) is None:
        pytest.skip("Redis is not installed")
