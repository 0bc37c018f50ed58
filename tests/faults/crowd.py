"""Known people who use everything there is, one life after the other, while things break."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from random import Random

import aiohttp

from tests.application import Application
from tests.faults.browser import HANG_S, Browser, Leave, Street
from tests.faults.ledger import Came, Holds
from tests.faults.life import ACCOUNT, Life, path

AT_ONCE = 6
"""Lives."""
APART_S = 0.4
"""Between two who come, at first: hashing spare codes is dear, and all would do it at once."""
HAUNTING = 2
"""How many try what is over, all the time."""
BREATH_S = 0.1
KNOCK_S = 0.3
SCRIBE_S = 0.12
"""Between two changes by somebody who does nothing else."""


class Crowd:
    """People on all replicas at once; one scribe for each replica writes all the time."""

    def __init__(
        self, street: Street, application: Application, session: aiohttp.ClientSession, seed: str
    ) -> None:
        self._street = street
        self._application = application
        self._session = session
        self._seed = seed
        self._over: list[Browser] = []
        """Browsers whose session was ended."""
        self.scribes: list[Life] = []

    def _born(self, user: str) -> Life:
        """Return somebody whom the application knows, and nobody else."""
        self._application.people[user] = user
        return Life(self._street, user, self._session)

    async def enroll_scribes(self) -> None:
        """For each replica there is somebody with a proof who knows only that one."""
        for replica in range(len(self._street.machines)):
            scribe = self._born(f"scribe-{replica}")
            scribe.here.pinned = replica
            scribe.careful = True
            await scribe.enroll()
            self.scribes.append(scribe)

    async def go_on(self) -> None:
        """Everybody has done what they do until it was over."""
        async with asyncio.TaskGroup() as tasks:
            for scribe in self.scribes:
                tasks.create_task(self._write(scribe))
            for number in range(AT_ONCE):
                tasks.create_task(self._live(number))
            for replica in range(len(self._street.machines)):
                tasks.create_task(self._knock(replica))
            for number in range(HAUNTING):
                tasks.create_task(self._haunt(number))

    async def _live(self, number: int) -> None:
        life = 0
        await asyncio.sleep(number * APART_S)
        while not self._street.over.is_set():
            thief = await self._born(f"person-{number}-{life}").live()
            if thief is not None:
                self._over.append(thief)
            life += 1
            await asyncio.sleep(BREATH_S)

    async def _knock(self, replica: int) -> None:
        """Come as one newcomer after the other, for each of whom something is counted."""
        number = 0
        while not self._street.over.is_set():
            newcomer = self._born(f"newcomer-{replica}-{number}").here
            newcomer.pinned = replica
            await newcomer.knock()
            number += 1
            await asyncio.sleep(KNOCK_S)

    async def _haunt(self, number: int) -> None:
        dice = Random(f"{self._seed} haunts {number}")  # noqa: S311 - repeatable
        while not self._street.over.is_set():
            if self._over:
                await dice.choice(self._over[-20:]).enter(path())
            await asyncio.sleep(BREATH_S)

    async def haunt_all(self) -> int:
        """Whatever was ever ended was tried once more, at each replica; return how many."""
        for browser in self._over:
            for replica in range(len(self._street.machines)):
                browser.pinned = replica
                await browser.enter(path())
        return len(self._over)

    async def _write(self, scribe: Life) -> None:
        """Change a name again and again, each to one that it never had."""
        try:
            fields = await self._form(scribe)
            for number in count():
                if self._street.over.is_set():
                    return
                if scribe.here.holds is not Holds.PROOF:
                    await scribe.spend()
                    fields = await self._form(scribe)
                await self._rename(scribe, f"name {number}", fields)
                await scribe.here.enter(path())
                await asyncio.sleep(SCRIBE_S)
        except Leave:
            return

    @staticmethod
    async def _form(scribe: Life) -> dict[str, str]:
        return scribe.here.fields(await scribe.here.look(ACCOUNT), "account/rename")

    async def _rename(self, scribe: Life, name: str, fields: Mapping[str, str]) -> Came:
        told = await scribe.here.say(f"{ACCOUNT}/rename", {**fields, "name": name})
        came = self._street.ledger.came(told)
        scribe.entry.renamed.append((name, came))
        return came

    async def all_is_well(self) -> bool:
        """Return whether every replica lets its scribe in and does what it asks, now."""
        for scribe in self.scribes:
            came = await self._rename(scribe, "the last one", await self._form(scribe))
            if came is not Came.DONE or await scribe.here.enter(path()) != "right":
                return False
        return True


@asynccontextmanager
async def crowd(street: Street, application: Application, seed: str) -> AsyncIterator[Crowd]:
    """People who are there for the length of the block."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(force_close=True, limit=0),
        timeout=aiohttp.ClientTimeout(total=HANG_S),
    ) as session:
        yield Crowd(street, application, session, seed)
