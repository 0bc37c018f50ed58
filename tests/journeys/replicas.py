"""Three sidecars on one database and one Redis, behind an nginx that never asks one twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from sidecar.clock import utc_now
from sidecar.demo.app import create_app
from sidecar.demo.visit import Options
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.journeys.conftest import HARBOUR
from tests.machine import Clock, Machine
from tests.nginx import nginx
from tests.tools.ports import free_ports
from tests.world import KEY, settings_for

NUMBER = 3
_SERVERS = """
  upstream many {{ {servers} }}
  map $http_upgrade $hop {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://many; proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $hop;
      add_header X-Replica $upstream_addr always;
    }}
  }}
"""


@dataclass
class Many:
    """As much of a world as a person needs who arrives before three sidecars."""

    origin: str
    replicas: tuple[Machine, ...]
    clock: Clock = field(default_factory=Clock)

    async def invite(self, user: str) -> str:
        return await self.replicas[0].invite(user)


@asynccontextmanager
async def many(
    folder: Path, database: dict[str, Any], redis: dict[str, Any]
) -> AsyncIterator[Many]:
    """Run all of it for the length of the block, before Harbour in this process."""
    options = Options(security_url="/_sidecar/account", data=folder / "harbour.json")
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(create_app(options), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        front, *ports = free_ports(1 + NUMBER)
        changes = {
            **HARBOUR,
            **database,
            "public": [f"http://localhost:{front}"],
            "redis": redis,
            "replicas": NUMBER,
        }
        fresh = aiohttp.TCPConnector(force_close=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=fresh))
        behind = f"http://127.0.0.1:{runner.addresses[0][1]}"
        made = []
        for number, port in enumerate(ports):
            own = folder / str(number)
            own.mkdir()
            listen = {"public": f"127.0.0.1:{port}", "trusted_proxies": ["127.0.0.1/32"]}
            made.append(await _machine(own, behind, {**changes, "listen": listen}, session))
            stack.push_async_callback(made[-1].kill)
        await asyncio.gather(*(machine.start() for machine in made))
        servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
        text = _SERVERS.format(servers=servers, port=front)
        await stack.enter_async_context(nginx(folder, text, front))
        yield Many(f"http://localhost:{front}", tuple(made))


async def _machine(
    folder: Path, behind: str, changes: dict[str, Any], session: aiohttp.ClientSession
) -> Machine:
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for(behind, folder, 0, changes)))
    loaded = load_settings(file, {"TEST_KEY": KEY}, utc_now())
    await migrate_up(loaded.settings.storage.database, key_ring(loaded), utc_now, create=True)
    port = loaded.settings.listen.public.port
    return Machine(folder, loaded, port, session, str(loaded.settings.public[0]))
