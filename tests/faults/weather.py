"""One fault after the other on a line, and what it took to be well again after each."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp

from tests.faults.browser import Heard, Street
from tests.faults.line import Line

RECOVERS_S = 5.0
"""After a fault is over everything works again within this, on a machine that has time."""
BUSY = 4
"""So many times what takes longest in calm is allowed beside that: other tests may run too."""
WATCH_S = 0.1
"""Between two looks at what a replica tells its probes."""
CALM_S = 1.0
"""Before the first fault and after each recovery."""


Act = Callable[[Line], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with a line, or with what is at its end, for a while."""

    name: str
    seconds: float
    begin: Act
    end: Act = Line.mend
    fails: bool = True
    """Whether it must be felt as requests that fail."""
    told: bool = True
    """Whether it lasts long enough that each replica tells the operator of it."""
    goes_on: tuple[str, ...] = ()
    """What works at each replica meanwhile."""


@dataclass(frozen=True)
class Felt:
    """What one fault did, and how soon it was over."""

    name: str
    asked: int
    failed: int
    slowest_s: float
    told: tuple[bool, ...]
    """Of each replica, whether it told its probes that something fails."""
    went_on: tuple[frozenset[str], ...]
    """What worked meanwhile, at each replica."""
    recovered_s: dict[str, tuple[float, ...]]
    """By what was tried, for each replica: from the end of the fault to its first success."""
    allowed_s: float
    """How long that may take."""

    def __str__(self) -> str:
        again = {word: [round(s, 2) for s in each] for word, each in self.recovered_s.items()}
        return (
            f"{self.name:22} {self.failed:4} of {self.asked:4} failed, slowest"
            f" {self.slowest_s:5.2f} s, told {self.told}, again after {again}"
            f" (at most {self.allowed_s:.1f}),"
            f" went on: {[sorted(words) for words in self.went_on]}"
        )


class Weather:
    """Lets faults come and go, and measures."""

    def __init__(self, street: Street, line: Line, probes: Sequence[int]) -> None:
        self._street = street
        self._line = line
        self._probes = probes
        self._calm_s = 0.0
        """How long the longest took that was asked in the last calm."""

    async def watch(self) -> None:
        """Ask each replica all the time whether all is well with it, until it is over."""
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
            asyncio.TaskGroup() as tasks,
        ):
            for replica, port in enumerate(self._probes):
                tasks.create_task(self._watch(session, replica, port))

    async def _watch(self, session: aiohttp.ClientSession, replica: int, port: int) -> None:
        while not self._street.over.is_set():
            began = time.monotonic()
            async with session.get(f"http://127.0.0.1:{port}/health/ready") as response:
                parts = (await response.json())["parts"]
                fails = response.status != 200 or "failing" in parts.values()
            self._street.heard.append(Heard(replica, "failing" if fails else "ready", began))
            await asyncio.sleep(WATCH_S)

    async def bring(self, fault: Fault) -> Felt:
        """The fault has come and gone, and everything works again, or does not in time."""
        first = len(self._street.heard)
        began = time.monotonic()
        await fault.begin(self._line)
        await asyncio.sleep(fault.seconds)
        await fault.end(self._line)
        ended = time.monotonic()
        await self._recovers(ended)
        felt = self._felt(fault, self._street.heard[first:], began, ended)
        await self.be_calm()
        return felt

    async def be_calm(self) -> None:
        """Nothing was wrong for a while."""
        began = time.monotonic()
        await asyncio.sleep(CALM_S)
        heard = (one for one in self._street.heard if one.began >= began)
        self._calm_s = max((one.ended - one.began for one in heard), default=CALM_S)

    @property
    def _allowed_s(self) -> float:
        return RECOVERS_S + BUSY * self._calm_s

    def _felt(self, fault: Fault, heard: Sequence[Heard], began: float, ended: float) -> Felt:
        # What was asked while it lasted, whenever the answer came.
        asked = [one for one in heard if began <= one.began < ended and not one.watched]
        replicas = range(len(self._probes))
        return Felt(
            fault.name,
            len(asked),
            sum(one.word == "unavailable" for one in asked),
            max((one.ended - one.began for one in asked), default=0),
            tuple(
                any(one.word == "failing" and one.replica == of for one in heard) for of in replicas
            ),
            tuple(
                frozenset(one.word for one in asked if one.replica == of and one.ended < ended)
                for of in replicas
            ),
            self._again(ended),
            self._allowed_s,
        )

    def _again(self, ended: float) -> dict[str, tuple[float, ...]]:
        """Return when each replica first did each thing after this moment; late where never."""
        return {
            word: tuple(
                min(
                    (
                        one.ended - ended
                        for one in self._street.heard
                        if (one.replica, one.word) == (replica, word) and one.began >= ended
                    ),
                    default=float("inf"),
                )
                for replica in range(len(self._probes))
            )
            for word in ("right", "write", "begin", "ready")
        }

    async def _recovers(self, ended: float) -> None:
        """Everything works again, or will not in time."""
        late = ended + self._allowed_s + 1
        while time.monotonic() < late:
            if all(s < float("inf") for each in self._again(ended).values() for s in each):
                return
            await asyncio.sleep(WATCH_S)
