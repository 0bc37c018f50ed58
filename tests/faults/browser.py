"""A browser that reaches another replica with each request, and goes on while things break."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode

import aiohttp

from tests.faults.ledger import HONEST, REACHES_S, Holds, Ledger
from tests.machine import Machine
from tests.visitor import FETCH, NAVIGATION, Page, Visitor

HANG_S = 15.0
"""More than all that a sidecar may wait for, one after the other."""
AGAIN_S = 0.2
"""Who is told to come back later does; sooner than that, to see how soon it works again."""
PATIENCE_S = 120.0
"""So long nothing is wrong here."""
REDIRECTS = 6


class Leave(Exception):
    """The person goes: it is late, or they are told to wait for minutes."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, in one word."""

    replica: int
    word: str
    began: float
    """When it was asked for (CLOCK_MONOTONIC)."""
    ended: float = field(default_factory=time.monotonic)

    @property
    def watched(self) -> bool:
        """It was told to who watches, not to a person."""
        return self.word in {"ready", "failing"}


@dataclass
class Street:
    """What all browsers have in common: the replicas, and the ledger."""

    machines: Sequence[Machine]
    ledger: Ledger
    alone: bool = True
    """Each replica is one process, which knows at once what it did itself."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Nobody begins anything any more."""
    heard: list[Heard] = field(default_factory=list)
    forgot_at: float = 0
    """Until when sessions were begun that are forgotten now: what kept them lost everything."""


class Browser(Visitor):
    """One browser of one person, who has signed in to the application."""

    def __init__(
        self, street: Street, user: str, session: aiohttp.ClientSession, dice: Random
    ) -> None:
        super().__init__(street.machines[0], session)  # type: ignore[arg-type]  # as much of a world as it needs
        self.user = user
        self._holds = Holds.NOTHING
        self._since = 0.0
        self.pinned: int | None = None
        """The one replica that it reaches; None: another one each time."""
        self.replica = 0
        """Which one answered last."""
        self._ended_at: float | None = None
        self._street = street
        self._dice = dice
        self.cookies["app"] = user

    @property
    def holds(self) -> Holds:
        """What its session is worth."""
        forgotten = self._holds is Holds.PROOF and self._since <= self._street.forgot_at
        return Holds.UNSURE if forgotten else self._holds

    @holds.setter
    def holds(self, now: Holds) -> None:
        self._holds, self._since = now, time.monotonic()

    async def ask(
        self, method: str, target: str, headers: Mapping[str, str], data: str | None = None
    ) -> Page | None:
        """Return the answer; None where there was none, because its process was killed."""
        machines, ledger = self._street.machines, self._street.ledger
        drawn = self._dice.randrange(len(machines))
        self.replica = drawn if self.pinned is None else self.pinned
        self.world = machines[self.replica]  # type: ignore[assignment]  # as above
        try:
            return await self.send(method, target, headers=headers, data=data)
        except TimeoutError:
            ledger.fault(f"no answer to {method} {target} of {self.user} after {HANG_S} s")
        except (aiohttp.ClientError, OSError) as error:
            ledger.counts["silence"] += 1
            if not ledger.may_die:
                ledger.fault(f"closed without a word: {method} {target} of {self.user}: {error!r}")
        return None

    def note(self, word: str, began: float) -> None:
        """What came of a request is told to whoever measures."""
        self._street.heard.append(Heard(self.replica, word, began))

    # --- pages --------------------------------------------------------------------------------

    async def look(self, target: str) -> Page:
        """Return the page that is there, however often one has to ask for it.

        Raises:
            Leave: it is late, or one has to wait for minutes.

        """
        hops, until = REDIRECTS, time.monotonic() + PATIENCE_S
        while True:
            if time.monotonic() > until:
                self._street.ledger.fault(f"{self.user} waits for {target} in vain")
                raise Leave
            if self._street.over.is_set():
                raise Leave
            began = time.monotonic()
            page = await self.ask("GET", target, NAVIGATION)
            if page is None or not self._street.ledger.lets_work(page):
                self.note("unavailable", began)
                if page is not None and page.status == 429:
                    raise Leave
                await asyncio.sleep(AGAIN_S)
            elif page.status in {302, 303}:
                target, hops = page.location, hops - 1
                if not hops:
                    self._street.ledger.fault(f"{self.user} is led around: {target}")
                    raise Leave
            else:
                return page

    def fields(self, page: Page, action: str) -> dict[str, str]:
        """Return what a form of the page would send.

        Raises:
            Leave: it is another page, as where a session was forgotten.

        """
        try:
            return page.form(action).fields
        except AssertionError as error:
            if self.holds is not Holds.UNSURE:
                self._street.ledger.fault(f"another page than {self.user} should see: {error}")
            raise Leave from None

    async def tell(self, page: Page, action: str, **fields: str) -> Page | None:
        """Send a form of the page once; return what came of it, if anything did."""
        sent = {**self.fields(page, action), **fields}
        return await self.say(page.form(action).action, sent)

    async def say(self, action: str, fields: Mapping[str, str]) -> Page | None:
        """Send a form once; return what came of it, if anything did."""
        began = time.monotonic()
        headers = {
            **NAVIGATION,
            "Sec-Fetch-Site": "same-origin",
            "Origin": self.world.origin,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        page = await self.ask("POST", action, headers, urlencode(fields))
        self.note("write" if self._worked(page) else "unavailable", began)
        return page

    async def knock(self) -> None:
        """Begin a session, if that works now."""
        began = time.monotonic()
        page = await self.ask("GET", "/_sidecar/enroll", NAVIGATION)
        works = page is not None and self._street.ledger.lets_work(page)
        self.note("begin" if works else "unavailable", began)

    @staticmethod
    def _worked(page: Page | None) -> bool:
        return page is not None and page.status not in HONEST

    # --- the application ----------------------------------------------------------------------

    async def enter(self, target: str, *, reaches_s: float = REACHES_S) -> str:
        """Ask the application for something as a script does; return in one word what came."""
        began, ended_at = time.monotonic(), self._ended_at
        late_s = None if ended_at is None else began - ended_at - reaches_s
        holds = self.holds
        page = await self.ask("GET", target, FETCH)
        word = self._street.ledger.opened(self.user, page, holds, late_s=late_s)
        self.note(word, began)
        return word

    def is_over(self) -> None:
        """Its session was ended, as was just confirmed."""
        self.holds = Holds.ENDED
        self._ended_at = time.monotonic()
