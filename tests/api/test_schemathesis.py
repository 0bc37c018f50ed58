"""The description is held against the running server, by a tool that nobody here wrote."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.api import formats
from tests.api.calling import HOST, Api, api
from tests.api.lives import life, visitor
from tests.api.sound import UNKNOWN_ID
from tests.api.story import RICH
from tests.postgres import Server

ROOT = Path(__file__).parent.parent.parent
RULES = Path(__file__).with_name("schemathesis.toml")
TOOL = Path(sys.executable).with_name("st")
SLOW_S = 300
"""On a machine that does ten other things; alone it takes a tenth."""
ALL = ("examples", "coverage", "fuzzing", "stateful")
TELLING = ("coverage", "stateful")
"""What reaches the most statements, and the most states."""
_CASES = re.compile(r"(\d+) generated")


async def populated(desk: Api) -> dict[str, str]:
    """Return what the tool has to know of the people who are there now."""
    there = [await visitor(desk, user) for user in ("ada", "grace")]
    there += [await life(desk, user) for user in ("eve", "mallory", "peggy", "victor")]
    desk.world.clock.travel(minutes=1)
    people = {
        one.user: {
            "secret": one.secret,
            "authenticator_id": one.authenticator,
            "session_id": one.session or UNKNOWN_ID,
        }
        for one in there
    }
    now = int(desk.world.clock().timestamp())
    return {formats.PEOPLE: json.dumps(people), formats.NOW: str(now)}


async def attacked(desk: Api, *phases: str) -> int:
    """Return how many calls were made, all of which went as the description says."""
    told = await populated(desk)
    process = await asyncio.create_subprocess_exec(
        *(TOOL, "--config-file", RULES, "run", f"http://{HOST}:{desk.port}/openapi.json"),
        *("--phases", ",".join(phases), "--no-color", "--no-shrink"),
        cwd=desk.folder,  # it leaves things where it runs
        env={**os.environ, **told, "SIDECAR_API_TOKEN": desk.token, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    found = _CASES.search(said)
    assert found, said
    print(f"{found[1]} calls of schemathesis")
    return int(found[1])


async def attack(folder: Path, changes: Mapping[str, Any], *phases: str) -> int:
    """Run a sidecar that says nothing of the thousands of calls, and have it attacked."""
    with structlog.testing.capture_logs():
        async with api(folder, {**RICH, **changes}) as desk:
            return await attacked(desk, *phases)


@pytest.mark.slow
@pytest.mark.conforms("ASVS-4.1.1", "ASVS-2.2.1")
@pytest.mark.timeout(SLOW_S)
async def test_the_description_holds(folder: Path) -> None:
    """Calls that the description allows, and such as it forbids, alone and one after the other,
    show no answer that it does not tell of: with a store in a file.
    """
    assert await attack(folder, {}, *ALL) > 2500


@pytest.mark.slow
@pytest.mark.timeout(SLOW_S)
async def test_the_description_holds_on_postgres(folder: Path, postgres: Server) -> None:
    """The same with a store in PostgreSQL shows the same."""
    async with postgres.changes() as changes:
        assert await attack(folder, changes, *TELLING) > 1800
