"""What a run was made on, without which its figures say little."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from tests.bench.caddy import caddy_path
from tests.bench.nginx import nginx_path


def facts() -> dict[str, float | str]:
    """Return the machine, the versions, and how busy the machine was before."""
    return {f"machine.{name}": value for name, value in _facts()}


def _facts() -> Iterator[tuple[str, float | str]]:
    yield "cores", len(os.sched_getaffinity(0))
    yield "load", os.getloadavg()[0]
    models = re.search("model name\\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    yield "processor", models[1] if models else platform.machine()
    yield "kernel", platform.release()
    yield "python", platform.python_version()
    for name in ("aiohttp", "uvloop"):
        yield name, version(name)
    yield "nginx", _said(nginx_path(), "-v")
    caddy = caddy_path()
    if caddy:
        yield "caddy", _said(caddy, "version")


def _said(program: str, word: str) -> str:
    run = subprocess.run((program, word), capture_output=True, text=True, timeout=10, check=True)
    return (run.stdout + run.stderr).strip().rpartition("/")[2].split()[0]
