"""`sidecar demo`: Harbour with the sidecar in front, ready to try, in a folder of its own."""

import asyncio
import base64
import os
import secrets
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from aiohttp import web

from sidecar.clock import utc_now
from sidecar.demo.app import create_app
from sidecar.demo.desk import PEOPLE
from sidecar.demo.visit import Options

app = typer.Typer()

PORTS: Final = range(8080, 8100)
"""Tried in this order where no port is asked for."""
TOKEN: Final = ("--name", "demo", "--scope", "all", "--expires", "1d")
"""Made at each start, for whoever tries the management API."""
KEY_BYTES: Final = 32
OPEN_FOR: Final = timedelta(days=30)
READY_S: Final = 30
POLL_S: Final = 0.1
STOP_S: Final = 10
HOST: Final = "127.0.0.1"
MANAGED: Final = 8004

CONFIGURATION: Final = """\
# Written anew at each start of `sidecar demo`; copy it to change it.
public: http://localhost:{port}
listen: {{public: "{host}:{port}", management: "{host}:{managed}"}}
upstreams: {{harbour: "http://{host}:{behind}"}}

login: {{page: /login, paths: [/login, /logout, /static/**], logout: /logout}}
identity:
  harbour:
    plugin: upstream_session
    upstream: harbour
    url: /whoami
    anonymous: {{pointer: /user, equals: null}}
    subject: /user/id
    name: /user/name
    email: /user/email
unidentified: redirect

enrollment: {{first: open, until: "{until}"}}  # anybody with a password: for trying only
factors:
  webauthn: {{rp_id: localhost, rp_name: Harbour}}
  totp: {{issuer: Harbour}}
  sms: {{transport: here}}
  email: {{transport: here}}
  backup_codes: {{}}
transports:
  here: {{plugin: console}}  # prints codes and notices below; for trying only
messages: {{regions: ["+1", "+2", "+3", "+4", "+5", "+6", "+7", "+8", "+9"]}}
trusted_devices: {{enabled: true}}

policy:
  default: two_factor
  rules:
    - {{name: payments, path: /payments/**, level: two_factor, max_age: 5m}}

storage: {{database: "sqlite+aiosqlite:///{folder}/sidecar.db"}}
keys: [{{id: demo, from: {{file: "{folder}/key"}}}}]
pages: {{name: Harbour, help: "A demonstration: delete {folder} to start afresh."}}
logging: {{level: error, format: console}}
"""

BANNER: Final = """
  Harbour is served at    http://localhost:{port}
  sign in as              {people}
  your sign-in methods    http://localhost:{port}/_sidecar/account
  the management API      http://localhost:{managed}/docs   (token in {folder}/token)
  everything is kept in   {folder}

  Text messages and mail are printed here instead of being sent.
  Ctrl-C stops it.
"""


@app.command("demo")
def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".demo"),
    port: Annotated[int | None, typer.Option(help="Where to serve; else a free one.")] = None,
) -> None:
    """Serve a demonstration application with the sidecar in front of it."""
    kept = folder.absolute()
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    raise typer.Exit(asyncio.run(run(kept, free_port((port,) if port else PORTS))))


def free_port(wanted: Sequence[int] = PORTS) -> int:
    """Return the first of the ports that nobody listens on.

    Raises:
        typer.Exit: all are taken.

    """
    for port in wanted:
        with suppress(OSError), socket.create_server((HOST, port)):
            return port
    which = f"Ports {wanted[0]} to {wanted[-1]} are" if len(wanted) > 1 else f"Port {wanted[0]} is"
    typer.echo(f"{which} taken; name another with --port.", err=True)
    raise typer.Exit(1)


async def run(folder: Path, port: int) -> int:
    """Serve until a signal comes or the sidecar ends; return the exit status."""
    async with AsyncExitStack() as stack:
        behind = await _serve_harbour(folder, stack)
        managed = _unused(port)
        configuration = prepare(folder, port, behind, managed)
        migrated = await _sidecar("migrate", "up", "--create", "--config", str(configuration))
        if status := await migrated.wait():
            return status
        if status := await _give_token(folder / "token", configuration):
            return status
        stopped = _signals()
        serving = await _sidecar("serve", "--config", str(configuration))
        stack.push_async_callback(_end, serving)
        return await _supervise(serving, stopped, folder, (port, managed))


def _unused(port: int) -> int:
    """Return a port of this machine for the management API: the usual one if it can be had."""
    for wanted in (MANAGED, 0):
        with suppress(OSError), socket.create_server((HOST, wanted)) as found:
            had = int(found.getsockname()[1])
            if had != port:
                return had
    typer.echo("No port is left for the management API.", err=True)
    raise typer.Exit(1)


async def _give_token(file: Path, configuration: Path) -> int:
    """The file holds a new token of the management API, for its owner only; return the status."""
    made = await _sidecar("tokens", "create", *TOKEN, "--config", str(configuration), told=PIPE)
    text, said = await made.communicate()
    if made.returncode:
        typer.echo(said.decode(), err=True, nl=False)
        return made.returncode
    _keep_secret(file, text)
    return 0


def _keep_secret(file: Path, content: bytes) -> None:
    """The file holds the content and nobody but its owner reads it; an earlier one is gone."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)


def prepare(folder: Path, port: int, behind: int, managed: int) -> Path:
    """The folder holds a root key and the configuration; return the latter's path."""
    key, configuration = folder / "key", folder / "sidecar.yaml"
    if not key.exists():
        _keep_secret(key, base64.b64encode(secrets.token_bytes(KEY_BYTES)))
    until = (utc_now() + OPEN_FOR).date()
    configuration.write_text(
        CONFIGURATION.format(
            host=HOST, port=port, behind=behind, managed=managed, until=until, folder=folder
        ),
        encoding="utf-8",
    )
    return configuration


async def _serve_harbour(folder: Path, stack: AsyncExitStack) -> int:
    """Harbour listens on a free port of this machine until the stack is unwound."""
    options = Options(security_url="/_sidecar/account", data=folder / "harbour.json")
    runner = web.AppRunner(create_app(options), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    return int(runner.addresses[0][1])


async def _sidecar(*words: str, told: int = DEVNULL) -> Process:
    """Start a command of ours in a session of its own, so that Ctrl-C reaches this process only."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sidecar", *words),
        stdout=told,
        stderr=None if told == DEVNULL else told,
        start_new_session=True,
    )


def _signals() -> asyncio.Event:
    """Return what is set when somebody wants us to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def _supervise(
    serving: Process, stopped: asyncio.Event, folder: Path, ports: tuple[int, int]
) -> int:
    """Tell the address once it answers, then wait for the end, whoever brings it."""
    loop = asyncio.get_running_loop()
    ended, asked = loop.create_task(serving.wait()), loop.create_task(stopped.wait())
    ready = loop.create_task(_announce(folder, *ports))
    await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
    status = (ended.result() or 1) if ended.done() else 0
    for task in (ready, asked, ended):
        task.cancel()
    await asyncio.gather(ready, asked, ended, return_exceptions=True)
    return status


async def _announce(folder: Path, port: int, managed: int) -> None:
    async with asyncio.timeout(READY_S):
        while not await _answers(port):  # noqa: ASYNC110 - a socket of another process
            await asyncio.sleep(POLL_S)
    people = "   or   ".join(f"{one.id} / {one.password}" for one in PEOPLE.values())
    typer.echo(BANNER.format(port=port, managed=managed, people=people, folder=folder))


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def _end(process: Process) -> None:
    """The process is over: asked first, then made to."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
