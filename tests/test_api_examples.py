"""The examples of the management API, run as they stand against a sidecar of its own process."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import pytest_asyncio

from sidecar.clock import utc_now
from sidecar.core.clients import Scope
from sidecar.flows.clients import Clients, Request
from sidecar.flows.tokens import Tokens
from sidecar.wiring import key_ring
from tests.machine import START_S, Machine, machine
from tests.tools.ports import free_ports, listened_on

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "config" / "examples"
PERIOD_S = 120
"""So long that no code runs out while a slow machine takes it somewhere."""
RUN_S = 60

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(RUN_S + 60)]

needs_oathtool = pytest.mark.skipif(not shutil.which("oathtool"), reason="there is no oathtool")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="there is no Node.js")
needs_jq = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="there is no curl, or no jq"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office() -> AsyncIterator[dict[str, str]]:
    """Run a sidecar; return where its management API is, and two tokens, as the examples ask."""
    port, management = free_ports(2)
    changes = {
        "listen": {"public": f"127.0.0.1:{port}", "management": f"127.0.0.1:{management}"},
        "factors": {
            "totp": {"issuer": "Shop", "period": PERIOD_S, "window": 2},
            "backup_codes": {"count": 10},
        },
    }
    async with machine(changes=changes, port=port) as at:
        most = set(Scope) - {Scope.RECOVERY_APPROVE, Scope.ENROLLMENTS_OVERRIDE}
        shop = await token(at, "shop", *most)
        desk = await token(at, "desk", Scope.RECOVERY_APPROVE)
        await listened_on(management, START_S)
        yield {
            "SIDECAR_API_URL": f"http://127.0.0.1:{management}",
            "SIDECAR_API_TOKEN": shop,
            "SIDECAR_APPROVER_TOKEN": desk,
        }


async def token(at: Machine, name: str, *scopes: Scope) -> str:
    async with at.store() as store:
        clients = Clients(store, Tokens(key_ring(at.loaded)), utc_now)
        wanted = Request(name, frozenset(scopes), timedelta(days=1))
        text, _ = await clients.create(wanted, "operator:test")
    return text


class Example:
    """An example that is running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._app: pyotp.TOTP | None = None

    async def scan(self) -> None:
        """An app has what the example shows."""
        assert self._process.stdout is not None
        said = (await self._process.stdout.readline()).decode()
        assert said.startswith("otpauth://totp/"), said
        told = parse_qs(urlsplit(said.strip()).query)
        self._app = pyotp.TOTP(told["secret"][0], interval=PERIOD_S)

    def type(self, *, ago: int) -> None:
        """The code that the app showed so many periods ago is typed in."""
        assert self._app is not None
        assert self._process.stdin is not None
        at = int(utc_now().timestamp()) - ago * PERIOD_S
        self._process.stdin.write(f"{self._app.at(at)}\n".encode())

    async def end(self) -> str:
        """Return what it printed since, once it has ended well."""
        said, _ = await self._process.communicate()
        assert self._process.returncode == 0, said.decode()
        return said.decode()


async def run(office: dict[str, str], *command: str) -> Example:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "PYTHONPATH": str(ROOT), **office},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Example(process)


@needs_oathtool
async def test_a_user_lives_and_is_forgotten(office: dict[str, str]) -> None:
    """The whole life of a user shows every step as the example says, with an app of others."""
    example = await run(office, sys.executable, "-I", str(EXAMPLES / "life_of_a_user.py"), "eve")
    steps = (await example.end()).splitlines()
    assert len(steps) > 20
    assert steps[-1].endswith("and nobody is known so")


async def test_python_enrolls_somebody(office: dict[str, str]) -> None:
    """The example with the sidecar's client shows an app that works."""
    example = await run(office, sys.executable, str(EXAMPLES / "enroll.py"), "python")
    await example.scan()
    example.type(ago=0)
    assert "works; backup codes: offered" in await example.end()


@needs_node
async def test_javascript_enrolls_somebody(office: dict[str, str]) -> None:
    """The example in JavaScript shows an app that works."""
    example = await run(office, "node", str(EXAMPLES / "enroll.mjs"), "node")
    await example.scan()
    example.type(ago=0)
    assert "works; backup codes: offered" in await example.end()


@needs_jq
async def test_a_shell_enrolls_somebody_and_asks_for_a_proof(office: dict[str, str]) -> None:
    """The example with curl shows an app that works, and a proof by its next code."""
    example = await run(office, "sh", str(EXAMPLES / "curl.sh"), "shell")
    await example.scan()
    example.type(ago=1)
    example.type(ago=0)
    said = await example.end()
    assert "works; backup codes: offered" in said
    assert "proven by totp, level two_factor, for payment:4711" in said


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "enroll.py"),
        pytest.param(("node", "enroll.mjs"), marks=needs_node),
        pytest.param(("sh", "curl.sh"), marks=needs_jq),
    ],
    ids=["python", "javascript", "shell"],
)
async def test_a_refusal_is_told(office: dict[str, str], command: tuple[str, str]) -> None:
    """A token of nobody shows that each example says what the sidecar said, and ends so."""
    program, file = command
    wrong = {**office, "SIDECAR_API_TOKEN": "sidecar_nobody"}
    example = await run(wrong, program, str(EXAMPLES / file), "eve")
    with pytest.raises(AssertionError, match=r"(?i)token.refused"):
        await example.end()
