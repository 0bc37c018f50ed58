"""Replicas that are processes of their own, on one database and before one application."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.application import Application
from tests.machine import Machine, machine
from tests.tools.ports import free_ports

SHORT = {"wait": "1500ms", "statement": "2500ms"}
"""How long is waited for the database: shorter than where people work, so that a minute shows
much."""


def settings(database: str) -> dict[str, Any]:
    """Return what replicas have in common that let everybody in who knows a password."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    return {
        "plugin_timeout": "20s",  # the machine has little to hash with, and much else to do
        "enrollment": {"first": "open", "until": str(tomorrow), "hold": "0s"},
        "factors": {"totp": {"issuer": "Shop"}, "backup_codes": {"count": 8}},
        "storage": {"database": database, **SHORT},
    }


@asynccontextmanager
async def replicas(
    workers: Sequence[int], application: Application, changes: Mapping[str, Any]
) -> AsyncIterator[list[Machine]]:
    """Run one with each number of workers, for the length of the block."""
    async with AsyncExitStack() as stack:
        ports = iter(free_ports(2 * len(workers)))
        starting = []
        for port, probes, count in zip(ports, ports, workers, strict=True):
            listen = {"public": f"127.0.0.1:{port}", "probes": f"127.0.0.1:{probes}"}
            here = {**changes, "replicas": len(workers), "workers": count, "listen": listen}
            opened = machine(application, here, port)
            starting.append(stack.enter_async_context(opened))
        async with asyncio.TaskGroup() as tasks:  # all at once, as where they are rolled out
            started = [tasks.create_task(one) for one in starting]
        yield [one.result() for one in started]


def complaints(at: Machine) -> list[str]:
    """Return the errors that a sidecar had to tell of, but those that a test brings about.

    What it says at its start of a configuration that is meant so is none; nor that it ends where
    the database fails just then.
    """
    lines = [one for one in at.log.read_text().splitlines() if ": warning: " not in one]
    said = [one for one in lines if not one.startswith("storage.database: ")]
    return [one for one in said if not one.startswith("{") or _is_error(json.loads(one))]


def _is_error(said: Mapping[str, object]) -> bool:
    killed = said["event"] == "worker.died" and said["status"] == -signal.SIGKILL
    return said["level"] == "error" and not killed and said["event"] != "store.lost"
