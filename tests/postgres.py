"""A real PostgreSQL server of this test process, with as many databases as tests ask for."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import asyncpg
import pytest

from sidecar.storage.setup import migrate_up
from tests.certificates import self_signed
from tests.conformance.stores import RING, Travel
from tests.tools.ports import POLL_S, free_ports

START_S = 30.0
PASSWORD = "never-to-be-told"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # what is shown here survives no power cut, and need not
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "log_min_messages": "panic",
    "ssl": "on",
}
_TEMPLATE = "proven"
_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


@dataclass
class Server:
    """A running server; whoever is called `sidecar` may do everything, with any password."""

    port: int
    certificate: Path
    """By which it proves itself to whoever asks for that."""
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=count)
    _made: bool = False

    def url(self, name: str) -> str:
        return f"{self.plain_url(name)}?sslmode=disable"

    def plain_url(self, name: str) -> str:
        """Return the address without a word on how it is reached."""
        return f"postgresql+asyncpg://sidecar:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    @asynccontextmanager
    async def away(self, database: str) -> AsyncIterator[None]:
        """The server has ended every connection to the database, and lets nobody in meanwhile."""
        await self.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        try:
            await self.cut(database)
            yield
        finally:
            await self.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    async def cut(self, database: str) -> None:
        """The server has ended every connection to the database."""
        await self.execute(_CUT.format(database))

    async def execute(self, statement: str, database: str = "postgres") -> str:
        """Return what the server says of a statement."""
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="sidecar", database=database, ssl=False
        )
        try:
            told: str = await connection.execute(statement)
        finally:
            await connection.close()
        return told

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """Lend the address of a database without tables."""
        async with self._lent("template0") as url:
            yield url

    @asynccontextmanager
    async def store(self) -> AsyncIterator[str]:
        """Lend the address of an empty store of `RING`, a copy of one that was migrated once."""
        if not self._made:
            await self.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            await migrate_up(self.url(_TEMPLATE), RING, Travel(), create=True)
            self._made = True
        async with self._lent(_TEMPLATE) as url:
            yield url

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[dict[str, dict[str, str]]]:
        """Lend what puts worlds on one database of their own: `world(folder, changes=…)`."""
        async with self.empty() as url:
            # Limits that a busy machine does not meet: who waits in a crowd is served.
            yield {"storage": {"database": url, "wait": "20s", "statement": "30s"}}

    @asynccontextmanager
    async def _lent(self, template: str) -> AsyncIterator[str]:
        name = f"lent_{next(self._numbers)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def serving(settings: Mapping[str, str] = SETTINGS, *, on_disk: bool = False) -> Iterator[Server]:
    """Run a server for the length of the block, as somebody who is not root: it refuses to be."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    memory = Path("/dev/shm")  # noqa: S108 - the folder is made anew, and its owner's only
    in_memory = os.access(memory, os.W_OK) and not on_disk
    folder = Path(mkdtemp("-postgres", dir=memory if in_memory else None))
    certificate = self_signed(folder)
    certificate.chmod(0o600)
    if os.getuid() == 0:
        for path in (folder, certificate):
            shutil.chown(path, "postgres", "postgres")
    try:
        data, (port,) = folder / "data", free_ports(1)
        _prepare(programs, data)
        proven = {**settings, **dict.fromkeys(("ssl_cert_file", "ssl_key_file"), certificate)}
        options = [f"--{name}={value}" for name, value in proven.items()]
        process = subprocess.Popen(
            [*_as_nobody(), str(programs / "postgres"), "-D", str(data), f"--port={port}", *options]
        )
        try:
            _wait_for(data / "postmaster.pid")
            yield Server(port, certificate, process)
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(START_S)
    finally:
        shutil.rmtree(folder)


def _prepare(programs: Path, data: Path) -> None:
    subprocess.run(
        [
            *(*_as_nobody(), str(programs / "initdb"), "-D", str(data), "--no-sync", "-U"),
            *("sidecar", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _wait_for(told: Path) -> None:
    """The server has told its file that it is ready: it listens before it lets anybody in."""
    until = time.monotonic() + START_S
    while not told.exists() or "ready" not in told.read_text():
        if time.monotonic() > until:
            raise TimeoutError(f"PostgreSQL is not ready after {START_S} s")
        time.sleep(POLL_S)


def _programs() -> Path | None:
    """Return where the newest server's programs lie."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    path = shutil.which("postgres")
    return None if path is None else Path(path).resolve().parent


def _as_nobody() -> list[str]:
    """Return the words before a command that make it end with us, and no root."""
    if os.getuid() != 0:
        return ["setpriv", "--pdeathsig", "QUIT"]
    account = ("--reuid", "postgres", "--regid", "postgres", "--clear-groups")
    return ["setpriv", *account, "--pdeathsig", "QUIT"]
