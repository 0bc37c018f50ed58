"""A real nginx before something that is tested."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.tools.ports import listened_on

_PATH = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
_CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{servers}
}}
"""
START_S = 10.0

needs_nginx = pytest.mark.skipif(_PATH is None, reason="nginx is not installed")


@asynccontextmanager
async def nginx(folder: Path, servers: str, port: int) -> AsyncIterator[None]:
    """Run nginx for the length of the block; its `servers` are to listen on this port."""
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, servers=servers))
    process = await asyncio.create_subprocess_exec(
        str(_PATH), "-e", str(folder / "error.log"), "-c", str(config), stderr=subprocess.DEVNULL
    )
    try:
        await listened_on(port, START_S)
        yield
    finally:
        process.terminate()
        await process.wait()
