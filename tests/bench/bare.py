"""Yardsticks of a verification: one bare commit, and a program that answers posts with nothing."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
import asyncpg
import uvloop
from aiohttp import web

from tests.bench.processes import Program

COMMITS = 200
_TABLE = "CREATE TABLE bare (id INTEGER PRIMARY KEY, said TEXT NOT NULL)"
_ROW = "INSERT INTO bare (id, said) VALUES ({}, {})"
SAID = "a row of the audit trail takes some three hundred bytes" * 6
Commit = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction of one row took, alone."""

    cpu_s: float
    """Of the process that asked for it."""
    took_s: float


async def commits(url: str) -> Committed:
    """Return what a transaction takes in the database: begin, one insert, commit."""
    async with _sqlite(url) if url.startswith("sqlite") else _postgres(url) as commit:
        await commit(0)
        cpu_s, began = time.process_time(), time.perf_counter()
        for number in range(1, COMMITS + 1):
            await commit(number)
        took_s = time.perf_counter() - began
        return Committed((time.process_time() - cpu_s) / COMMITS, took_s / COMMITS)


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[Commit]:
    path = Path(url.partition(":///")[2]).with_name("bare.db")
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("DROP TABLE IF EXISTS bare")
        made.execute(_TABLE)
    made.close()
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await connection.execute("PRAGMA synchronous = FULL")

        async def commit(number: int) -> None:
            await connection.execute("BEGIN IMMEDIATE")
            await connection.execute(_ROW.format("?", "?"), (number, SAID))
            await connection.execute("COMMIT")

        yield commit


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[Commit]:
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        await connection.execute("DROP TABLE IF EXISTS bare")
        await connection.execute(_TABLE)

        async def commit(number: int) -> None:
            async with connection.transaction():
                await connection.execute(_ROW.format("$1", "$2"), number, SAID)

        yield commit
    finally:
        await connection.close()


def handler(folder: Path, port: int) -> Program:
    """Return the program that reads a post and answers it, on the same server and loop as ours."""
    command = (sys.executable, "-m", "tests.bench.bare", str(port))
    return Program("handler", command, folder / "handler.log", port, (port, "/"))


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


async def _serve(port: int) -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
