"""Requests written byte by byte, for what no well-behaved client would send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.conformance.http.visitor import Answer, Visitor

if TYPE_CHECKING:
    from tests.world import World


@asynccontextmanager
async def wired(world: "World") -> AsyncIterator[Visitor]:
    """Open one raw connection to the sidecar."""
    at = urlsplit(world.base)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        yield Visitor(reader, writer)
    finally:
        writer.transport.abort()


async def tell(
    world: "World",
    *fields: str,
    method: str = "GET",
    target: str = "/",
    host: str | None = "app.test",
    body: bytes = b"",
) -> Answer:
    """Send exactly these lines on a connection of their own, and return the answer."""
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [*fields, *([f"Content-Length: {len(body)}"] if body else [])]
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    async with wired(world) as client:
        client.send(head.encode("latin-1") + body)
        return await client.answer(head_only=method == "HEAD")
