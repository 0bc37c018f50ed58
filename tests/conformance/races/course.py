"""Three processes that race on one database, and what came of it."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.core.model import ChallengeId
from sidecar.flows.visit import Visit
from tests.conformance.races.contender import Said
from tests.unit.flows.scene import Scene

ROOT: Final = Path(__file__).parents[3]
PROCESSES: Final = 3
TRIES: Final = 50

Contender = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all tries of all processes came to."""

    counts: Counter[str]
    tokens: tuple[str, ...]
    """Those that were handed out."""
    judged: int
    """How many answers a code factor looked at."""


@dataclass(frozen=True, slots=True)
class Course:
    """One database, the process that prepares and looks, and those that race."""

    here: Scene
    url: str
    contenders: Sequence[Contender]

    async def run(self, act: str, tries: Sequence[Said]) -> Outcome:
        """Return what came of the tries, dealt out in turn and begun together."""
        assert len(tries) == TRIES
        return await asyncio.to_thread(self._run, act, tries)

    def _run(self, act: str, tries: Sequence[Said]) -> Outcome:
        now = self.here.clock().isoformat()
        for number, contender in enumerate(self.contenders):
            theirs = tries[number :: len(self.contenders)]
            _tell(contender, json.dumps({"act": act, "url": self.url, "now": now, "tries": theirs}))
        assert [_heard(one) for one in self.contenders] == ["ready"] * len(self.contenders)
        for contender in self.contenders:
            _tell(contender, "go")
        told = [json.loads(_heard(contender)) for contender in self.contenders]
        found = [each for one in told for each in one["found"]]
        tokens = tuple(token for word, token in found if token)
        judged = sum(one["judged"] for one in told)
        return Outcome(Counter(word for word, _ in found), tokens, judged)


def _tell(contender: Contender, line: str) -> None:
    assert contender.stdin is not None
    contender.stdin.write(f"{line}\n")
    contender.stdin.flush()


def _heard(contender: Contender) -> str:
    assert contender.stdout is not None
    return contender.stdout.readline().strip()


@contextmanager
def contenders() -> Iterator[tuple[Contender, ...]]:
    """Run the processes for the length of the block."""
    started = tuple(
        subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.races.contender"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    )
    try:
        assert [_heard(one) for one in started] == ["started"] * PROCESSES
        yield started
    finally:
        for one in started:
            one.kill()
            one.communicate()


def answers(*ways: tuple[Visit, ChallengeId, object]) -> list[Said]:
    """Return as many tries as there are in a race, by these ways in turn."""
    lines = [
        {
            "session": str(visit.require_session().id),
            "challenge": str(which),
            "response": json.dumps(response),
        }
        for visit, which, response in ways
    ]
    return [lines[number % len(lines)] for number in range(TRIES)]
