"""A hundred thousand people move in by the command, which is interrupted on its way."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyotp
import pytest
import yaml

from sidecar.core.directory import Census
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.clock import START, ManualClock
from tests.programs import office
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, settings_for

ROOT = Path(__file__).parents[3]
PEOPLE = 100_000
BAD = {
    5: "otpauth://hotp/Old:x?secret=GEZDGNBVGY3TQOJQGEZDGNBV",
    60_003: "what?",
    99_999: "otpauth://totp/x",
}
"""Lines that give nobody, by their number."""
MEMORY_KIB = 250 * 1024
GROWTH_KIB = 24 * 1024
"""From ten thousand rows to the end; what an allocator keeps for itself."""
TOLD = re.compile(r"^([\d,]+) rows: ([\d,]+) added, ([\d,]+) unchanged, (\d+) refused \(\d+ %\)$")


def secret_of(number: int) -> str:
    return b32encode(sha256(str(number).encode()).digest()[:20]).decode()


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        settings = settings_for("http://127.0.0.1:9", made, 0, {})
        (made / "sidecar.yaml").write_text(yaml.safe_dump(settings))
        loaded = loaded_of(made)
        database = loaded.settings.storage.database
        asyncio.run(migrate_up(database, key_ring(loaded), ManualClock(), create=True))
        with (made / "users.txt").open("w", encoding="utf-8") as file:
            numbers = iter(range(PEOPLE))
            for line in range(1, PEOPLE + len(BAD) + 1):
                file.write(f"{BAD[line] if line in BAD else uri_of(next(numbers))}\n")
        yield made


def uri_of(number: int) -> str:
    return f"otpauth://totp/Old:user{number}?secret={secret_of(number)}&issuer=Old"


def loaded_of(folder: Path) -> Loaded:
    return load_settings(folder / "sidecar.yaml", {"TEST_KEY": KEY}, START)


def census(folder: Path) -> Census:
    async def look() -> Census:
        loaded = loaded_of(folder)
        database = loaded.settings.storage.database
        store = await open_store(database, key_ring(loaded), ManualClock())
        try:
            async with store.read() as tx:
                return await tx.directory.census(START)
        finally:
            await store.close()

    return asyncio.run(look())


@dataclass
class Run:
    """What a run of the command said, and how much memory it had at most."""

    status: int
    out: str
    told: list[str]
    peaks: list[tuple[int, int]]
    """Rows, and the peak in KiB, at each line of progress."""


def run(folder: Path, *, interrupted_at: int = 0) -> Run:
    words = ("users", "import", "users.txt", "--format", "otpauth", "--rejects", "rejects.jsonl")
    told, peaks, sent = [], [], False
    with subprocess.Popen(
        [sys.executable, "-m", "sidecar", *words],
        cwd=folder,
        env={**os.environ, "TEST_KEY": KEY, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            told.append(line.rstrip())
            if found := TOLD.match(line.rstrip()):
                rows = int(found[1].replace(",", ""))
                peaks.append((rows, peak_kib(process.pid)))
                if interrupted_at and rows >= interrupted_at and not sent:
                    process.send_signal(signal.SIGINT)
                    sent = True
        out = process.stdout.read()
    return Run(process.returncode, out, told, [peak for peak in peaks if peak[1]])


def peak_kib(pid: int) -> int:
    """Return the most memory the process had so far; 0 once it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_people_move_in(folder: Path) -> None:
    """An import that was interrupted shows, run again, everybody there once, the bad rows by
    line, progress meanwhile, and no more memory for many rows than for few. A sample of people
    then proves by the codes of their old apps.
    """
    stopped = run(folder, interrupted_at=2_000)
    assert stopped.status == 130
    assert "the same command goes on" in stopped.told[-1]
    before = census(folder).people
    assert 0 < before < PEOPLE
    done = run(folder)
    assert done.status == 1
    assert done.out == (
        f"{PEOPLE + len(BAD):,} rows: {PEOPLE - before:,} added, {before:,} unchanged, "
        f"{len(BAD)} refused\n"
    )
    rejects = (folder / "rejects.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in rejects] == sorted(BAD)
    found = census(folder)
    assert (found.people, found.enrolled) == (PEOPLE, PEOPLE)
    assert found.authenticators == {"totp": PEOPLE}
    assert len(done.peaks) > 2
    early = next(peak for rows, peak in done.peaks if rows >= PEOPLE // 10)
    assert done.peaks[-1][1] < min(MEMORY_KIB, early + GROWTH_KIB)
    asyncio.run(a_sample_proves(folder))


async def a_sample_proves(folder: Path) -> None:
    async with office(folder) as (world, desk):
        program = await desk.program()
        for number in (0, 4, PEOPLE // 2, PEOPLE - 1):
            user = f"user{number}"
            begun = await program.post("/challenge", user_id=user)
            code = pyotp.TOTP(secret_of(number)).at(world.clock())
            told = await program.post(
                "/challenge/verify", user_id=user, challenge_id=begun["challenge_id"], code=code
            )
            assert told.status == 200, told.body
