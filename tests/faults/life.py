"""One person from the first visit to the last, whatever breaks meanwhile."""

import asyncio
import time
from itertools import count
from random import Random

import aiohttp
import pyotp
from yarl import URL

from tests.faults.browser import AGAIN_S, Browser, Leave, Street
from tests.faults.ledger import REACHES_S, Came, Holds
from tests.visitor import Page, _codes_in

PERIOD_S = 30
MOST_TRIES = 100
ACTS = 2
"""Of all that people do, in one life: many short lives see more ends than a few long ones."""
VISITS = 3
"""Requests to the application after each sign-in."""
CAREFUL = 0.3
"""The share of people who keep the codes that they are shown; hashing those is dear."""
BREATH_S = 0.15
"""Between two things that a person does, at most."""
ACCOUNT = "/_sidecar/account"
_PATHS = count()


def path() -> str:
    """Return an address of the application that nobody asked for before."""
    return f"/secret/{next(_PATHS)}"


class Life:
    """A person with an app and some codes, who uses each of them once."""

    def __init__(self, street: Street, user: str, session: aiohttp.ClientSession) -> None:
        self.user = user
        self.entry = street.ledger.people[user]
        self.secret = ""
        self.codes: list[str] = []
        self.step = 0
        """The newest step of the app's that was used."""
        self.here: Browser = self._browser(street, session, Random(user))  # noqa: S311 - repeatable
        self._street = street
        self._session = session
        self._dice = Random(f"{user} lives")  # noqa: S311 - repeatable
        self.careful = self._dice.random() < CAREFUL

    def _browser(self, street: Street, session: aiohttp.ClientSession, dice: Random) -> Browser:
        return Browser(street, self.user, session, dice)

    def arrive(self) -> Browser:
        """Return a browser of theirs that was never here."""
        dice = Random(self._dice.random())  # noqa: S311 - repeatable
        browser = self._browser(self._street, self._session, dice)
        browser.pinned = self.here.pinned
        return browser

    async def live(self) -> Browser | None:
        """Go through a life; return a browser that was signed out of it, if it came to that."""
        try:
            await self.enroll()
            acts = [self.confirm, self.spend, self.spend_twice, self.guess, self.replace_app]
            for act in self._dice.sample(acts, ACTS):
                await act()
                await self.use()
            return await self.leave()
        except Leave:
            return None

    async def use(self) -> None:
        """Use the application."""
        for _ in range(VISITS):
            await asyncio.sleep(self._dice.uniform(0, BREATH_S))
            await self.here.enter(path())
            if self._street.over.is_set():
                raise Leave

    # --- the first visit ----------------------------------------------------------------------

    async def enroll(self) -> None:
        """Set up an app, and keep the spare codes, if they are told that it worked."""
        await self.here.enter(path())
        for _ in range(MOST_TRIES):
            page = await self.here.look("/secret/in")
            if "/_sidecar/enroll" not in page.url:
                self.here.holds = Holds.UNSURE
                return  # an earlier try had worked, although nobody said so
            if await self._set_up(page) is Came.DONE:
                return
            await asyncio.sleep(AGAIN_S)
        self._street.ledger.fault(f"{self.user} tried to set up an app {MOST_TRIES} times: {page}")
        raise Leave

    async def _set_up(self, page: Page) -> Came:
        begun = await self.here.tell(page, "enroll/begin", factor="totp")
        if begun is None or begun.status != 303:
            self._street.ledger.came(begun)
            return Came.REFUSED
        page = await self.here.look(begun.location)
        if not self._scan(page):
            return Came.REFUSED
        came, page = await self._finish(page)
        self.entry.enrolled[came] += 1
        self.entry.secrets[self.secret] = came
        if came is Came.DONE:
            self.here.holds = Holds.PROOF
            await self._keep(page)
        return came

    def _scan(self, page: Page) -> bool:
        """Put what the page shows into the app; return False where it was over before it showed."""
        links = [link for link in page.links if link.startswith("otpauth:")]
        if links:
            self.secret = str(URL(links[0]).query["secret"])
        return bool(links)

    async def _finish(self, page: Page) -> tuple[Came, Page]:
        """Show that the app works, by the oldest code that may do, so that newer ones are left."""
        for ahead in (-2, -1, 0):
            self.step = int(time.time()) // PERIOD_S + ahead
            told = await self.here.tell(page, "enroll/finish", code=self._shown(self.step))
            came = self._street.ledger.came(told)
            if came is not Came.REFUSED or told is None or told.status != 422:
                return came, page if told is None else told
            page = told
        return Came.REFUSED, page

    async def _keep(self, told: Page) -> None:
        page = await self.here.look(told.location)
        codes = _codes_in(page.text)
        if codes and self.careful:
            kept = await self.here.tell(page, "enroll/kept", kept="yes")
            if self._street.ledger.came(kept) is Came.DONE:
                self.entry.codes = tuple(codes)
                self.codes = list(codes)

    # --- codes --------------------------------------------------------------------------------

    def _shown(self, step: int) -> str:
        return pyotp.TOTP(self.secret).at(step * PERIOD_S)

    def _next(self, factor: str) -> tuple[str, str] | None:
        """Return a code that was not used yet and its name; None where there is none now."""
        if factor == "backup_codes":
            code = self.codes.pop() if self.codes else ""
            return (code, code) if code else None
        now = int(time.time()) // PERIOD_S
        step = next((step for step in (now - 1, now) if step > self.step), None)
        if step is None:
            return None
        self.step = step
        return f"{self.secret}:{step}", self._shown(step)

    async def _answer(self, browser: Browser, page: Page, code: tuple[str, str]) -> Came:
        """Give the answer; the browser holds a proof if it is taken."""
        told = await browser.tell(page, "challenge/answer", code=code[1])
        came = self._street.ledger.answered(self.user, code[0], told)
        if told is not None and told.status == 429:
            raise Leave
        if came is Came.DONE:
            browser.holds = Holds.PROOF
        elif came is Came.UNSURE:
            browser.holds = Holds.UNSURE
        return came

    async def _asked(self, browser: Browser, factor: str) -> Page:
        """Return the page that asks a new browser for an answer of this factor."""
        await browser.enter(path())
        page = await browser.look("/secret/in")
        return await browser.look(f"{page.url}&factor={factor}")

    async def _sign_in(self, factor: str) -> None:
        code = self._next(factor)
        if code is None:
            return
        browser = self.arrive()
        if await self._answer(browser, await self._asked(browser, factor), code) is Came.DONE:
            self.here = browser

    async def confirm(self) -> None:
        """Sign in with the app, in another browser."""
        await self._sign_in("totp")

    async def spend(self) -> None:
        """Sign in with a spare code, in another browser."""
        await self._sign_in("backup_codes")

    async def spend_twice(self) -> None:
        """Give one code twice at once, and a third time after that."""
        code = self._next("backup_codes") or self._next("totp")
        if code is None:
            return
        factor = "backup_codes" if code[0] == code[1] else "totp"
        both = self.arrive(), self.arrive()
        pages = [await self._asked(browser, factor) for browser in both]
        sent = zip(both, pages, strict=True)
        told = await asyncio.gather(*(self._answer(who, page, code) for who, page in sent))
        for browser, came in zip(both, told, strict=True):
            if came is Came.DONE:
                self.here = browser
        late = self.arrive()
        await self._answer(late, await self._asked(late, factor), code)
        await late.enter(path())

    async def guess(self) -> None:
        """Try a code that is none."""
        browser = self.arrive()
        page = await self._asked(browser, "backup_codes" if self.codes else "totp")
        told = await browser.tell(page, "challenge/answer", code="0000-0000-0000-0000-0000")
        if self._street.ledger.came(told) is Came.DONE:
            self._street.ledger.fault(f"a wrong code of {self.user} was taken")
        await browser.enter(path())

    # --- what is set up -----------------------------------------------------------------------

    async def replace_app(self) -> None:
        """Set up another app, and remove the first one; each takes a proof of its own."""
        if self.here.holds is not Holds.PROOF or len(self.codes) < 2:
            return
        page = await self.here.look(ACCOUNT)
        first, before = self.here.fields(page, "account/rename"), self.secret
        onward = await self._prove(await self.here.tell(page, "enroll/begin", factor="totp"))
        if not onward or not await self._add(onward):
            return
        gone = {"authenticator": first["authenticator"], "csrf": first["csrf"]}
        if await self._prove(await self.here.say(f"{ACCOUNT}/remove", gone)):
            self.entry.removed.append(before)
            await self._try(before)
        else:
            self.entry.doubted.append(before)

    async def _add(self, onward: str) -> bool:
        """Set up another app; return whether it surely works now."""
        page = await self.here.look(onward)
        if not self._scan(page):
            return False
        came, _ = await self._finish(page)
        self.entry.secrets[self.secret] = came
        if came is not Came.DONE:
            raise Leave  # which of their apps works, they cannot know
        return True

    async def _prove(self, asked: Page | None) -> str:
        """Give the proof that an act asks for; return where it leads, or nothing."""
        code = self._next("backup_codes")
        if self._street.ledger.came(asked) is not Came.DONE or asked is None or code is None:
            return ""
        page = await self.here.look(asked.location)
        page = await self.here.look(f"{page.url}&factor=backup_codes")
        told = await self.here.tell(page, "challenge/answer", code=code[1])
        came = self._street.ledger.answered(self.user, code[0], told)
        if came is Came.UNSURE:
            self.here.holds = Holds.UNSURE
        return told.location if came is Came.DONE and told is not None else ""

    async def _try(self, secret: str) -> None:
        """Give a code of an app that was removed."""
        browser = self.arrive()
        page = await self._asked(browser, "totp")
        code = pyotp.TOTP(secret).at(int(time.time()))
        told = await browser.tell(page, "challenge/answer", code=code)
        if self._street.ledger.came(told) is Came.DONE:
            self._street.ledger.fault(f"a code of a removed app of {self.user} was taken")
        await browser.enter(path())

    # --- the way out --------------------------------------------------------------------------

    async def leave(self) -> Browser | None:
        """Sign out; return a browser with the cookies of before, if that was confirmed."""
        if self.here.holds is not Holds.PROOF:
            return None
        page = await self.here.look(ACCOUNT)
        thief = self.arrive()
        thief.cookies = dict(self.here.cookies)
        action = self._dice.choice(("_sidecar/logout", "sessions/end-all"))
        came = self._street.ledger.came(await self.here.tell(page, action))
        self.entry.ended[came] += 1
        if came is not Came.DONE:
            return None
        thief.is_over()
        thief.pinned = self.here.replica
        reaches_s = 0 if self._street.alone else REACHES_S
        await thief.enter(path(), reaches_s=reaches_s)
        thief.pinned = None
        return thief
