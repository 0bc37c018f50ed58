"""A process that tries, at once and beside others, what can be done once; started by the tests.

It reads a line that says what, says that it is ready, waits for the next line, and tells what came
of each try. So one process serves races over any number of databases.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sidecar.core.clients import ApiClient, ClientId
from sidecar.core.errors import SidecarError
from sidecar.core.model import AuthenticatorId, ChallengeId, Level, Proof, SessionId, TokenHash
from sidecar.core.recoveries import RecoveryId
from sidecar.flows.kit import Entered, Remembering
from sidecar.flows.recover import Recovery
from sidecar.flows.trusted import Recognised
from sidecar.flows.visit import Visit
from tests.clock import ManualClock
from tests.plugins.factors.keys import webauthn
from tests.unit.flows.scene import ADA, OPTIONS, Scene, scene, watched
from tests.unit.flows.trusting import ANY, MONTH

Said = Mapping[str, str]
"""One try, as it is written in a line."""
Answer = tuple[str, str]
"""What came of it: a word, and a token that was handed out."""


@asynccontextmanager
async def process(url: str, clock: ManualClock) -> AsyncIterator[Scene]:
    """Run the flows over a database, as each of the processes of these races does."""
    factors = {**{name: watched(name) for name in OPTIONS}, "webauthn": webauthn()}
    remembering = Remembering(MONTH)
    async with scene(Path(), clock, url=url, factors=factors, remembering=remembering) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Acts:
    """What can be tried; `visits` are Ada's, by their session."""

    at: Scene
    visits: Mapping[str, Visit]

    async def answer(self, said: Said) -> Answer:
        """A challenge is answered."""
        visit, which = self.visits[said["session"]], ChallengeId(said["challenge"])
        done = await self.at.flows.challenges.answer(visit, which, json.loads(said["response"]))
        return "done", done.token

    async def finish(self, said: Said) -> Answer:
        """An enrollment is confirmed."""
        visit, which = self.visits[said["session"]], ChallengeId(said["challenge"])
        done = await self.at.flows.enrollments.finish(visit, which, json.loads(said["response"]))
        assert isinstance(done, Entered)
        return "done", done.token

    async def decide(self, said: Said) -> Answer:
        """A request for recovery is decided."""
        by = ApiClient(ClientId(said["client"]), said["client"], frozenset())
        recovery = Recovery(self.at.store, self.at.clock)
        approve = said["word"] == "approve"
        done = await recovery.decide(RecoveryId(said["request"]), by, approve=approve)
        return "done", done.invitation

    async def recognise(self, said: Said) -> Answer:
        """A remembered browser comes back, in a session that has proven nothing."""
        visit = replace(self.visits[said["session"]], trusted=said["token"])
        found = await self.at.flows.browsers.recognise(visit, ANY)
        assert isinstance(found, Recognised)
        return ("beside", "") if found.carried is None else ("done", found.carried.token)

    async def elevate(self, said: Said) -> Answer:
        """A session gets a proof."""
        now, which = self.at.clock(), SessionId(said["session"])
        proof = Proof("totp", AuthenticatorId(said["proof"]), ("otp",), now, Level.TWO_FACTOR)
        token = TokenHash(said["token"])
        async with self.at.store.begin(ADA) as tx:
            await tx.sessions.elevate(which, proof, token, login="", now=now)
        return "done", said["token"]


async def tried(act: Callable[[Said], Awaitable[Answer]], said: Said) -> Answer:
    """Return what came of a try; only refusals that are documented are refusals."""
    try:
        return await act(said)
    except SidecarError as refused:
        return type(refused).__name__, ""


async def race(job: Mapping[str, object], tell: Callable[[str], None]) -> None:
    """Get ready, wait for the word, try everything at once, and tell."""
    clock = ManualClock(datetime.fromisoformat(str(job["now"])))
    async with process(str(job["url"]), clock) as at:
        async with at.store.read() as tx:
            sessions = await tx.sessions.of(ADA, clock())
        visits = {str(one.id): replace(at.stranger(), session=one) for one in sessions}
        act = getattr(Acts(at, visits), str(job["act"]))
        tries = job["tries"]
        assert isinstance(tries, list)
        tell("ready")
        sys.stdin.readline()
        found = await asyncio.gather(*(tried(act, said) for said in tries))
        judged = sum(at.factors[name].judged for name in OPTIONS)
        tell(json.dumps({"found": found, "judged": judged}))


def main() -> None:
    """Whatever is logged goes to the errors: the lines of the output are answers."""

    def tell(line: str) -> None:
        print(line, file=output, flush=True)

    output = sys.stdout
    with redirect_stdout(sys.stderr):
        tell("started")
        for line in sys.stdin:
            asyncio.run(race(json.loads(line), tell))


if __name__ == "__main__":
    main()
