"""A browser for tests: keeps cookies, fills in forms, sends what browsers send."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import aiohttp
import pyotp
from multidict import CIMultiDictProxy
from yarl import URL

from tests.application import PASSWORDS

if TYPE_CHECKING:
    from tests.world import World


@dataclass
class FormTag:
    """One form of a page with what a browser would send."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FormTag] = []
        self.links: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(FormTag(got.get("action", "")))
            self._open = True
        elif tag == "a":
            self.links.append(got.get("href", ""))
        elif tag == "input" and self._open and got.get("name"):
            unticked = got.get("type") in {"checkbox", "radio"} and "checked" not in got
            if not unticked:
                self.forms[-1].fields[got["name"]] = got.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as a browser has it."""

    status: int
    url: str
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def links(self) -> list[str]:
        parser = _Forms()
        parser.feed(self.text)
        return parser.links

    def form(self, action: str) -> FormTag:
        """Return the form that posts to an address ending so."""
        parser = _Forms()
        parser.feed(self.text)
        for form in parser.forms:
            if form.action.endswith(action):
                return form
        raise AssertionError(f"no form {action} in {self.url} ({self.status}): {self.text[:300]}")


NAVIGATION = {
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
    "Accept": "text/html,*/*;q=0.8",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36",
}
FETCH = {
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Site": "same-origin",
    "Accept": "application/json",
}


class Visitor:
    """One browser: keeps cookies, sends what browsers send, follows redirects only when told."""

    def __init__(self, world: "World", session: aiohttp.ClientSession) -> None:
        self.world = world
        self._session = session
        self.cookies: dict[str, str] = {}
        self.secret = ""
        """The TOTP key this person's app holds."""
        self.codes: list[str] = []
        """The backup codes this person kept."""

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
        cookies: str | None = None,
    ) -> Page:
        """Send exactly this; `cookies` replaces the jar for one request."""
        path = target.removeprefix(self.world.origin)
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Host": urlsplit(self.world.origin).netloc, **(headers or {})}
        carried = jar if cookies is None else cookies
        if carried:
            sent["Cookie"] = carried
        url = URL(f"{self.world.base}{path}", encoded=True)
        async with self._session.request(
            method, url, headers=sent, data=data, allow_redirects=False
        ) as response:
            page = Page(response.status, target, response.headers, (await response.read()).decode())
        for line in page.headers.getall("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return page

    async def open(self, target: str, *, follow: int = 5) -> Page:
        """Open a page as a person does, following our redirects."""
        page = await self.send("GET", target, headers=NAVIGATION)
        while (
            page.status in {302, 303}
            and follow
            and page.location.startswith(("/", self.world.origin))
        ):
            follow -= 1
            page = await self.send("GET", page.location, headers=NAVIGATION)
        return page

    async def fetch(self, target: str, method: str = "GET", data: str | None = None) -> Page:
        """Ask as a script of the application does."""
        return await self.send(method, target, headers=FETCH, data=data)

    @asynccontextmanager
    async def download(self, target: str) -> AsyncIterator[aiohttp.StreamReader]:
        """Begin to read an answer, as a script does; the block reads on."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**FETCH, "Host": urlsplit(self.world.origin).netloc, "Cookie": jar}
        url = URL(f"{self.world.base}{target}", encoded=True)
        async with self._session.get(url, headers=sent) as response:
            assert response.status == 200, response.status
            yield response.content

    @asynccontextmanager
    async def socket(
        self, target: str = "/socket", **fields: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket as a script of the application does."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        origin = self.world.origin
        sent = {"Host": urlsplit(origin).netloc, "Origin": origin, "Cookie": jar, **fields}
        url = URL(f"{self.world.base}{target}", encoded=True)
        async with self._session.ws_connect(url, headers=sent) as opened:
            yield opened

    async def submit(self, page: Page, action: str, *, follow: int = 5, **fields: str) -> Page:
        """Send a form of the page with these fields filled in."""
        form = page.form(action)
        return await self.post(form.action, {**form.fields, **fields}, follow=follow)

    async def post(self, action: str, fields: Mapping[str, str], *, follow: int = 5) -> Page:
        """Send a form as a page of this origin does."""
        headers = {
            **NAVIGATION,
            "Sec-Fetch-Site": "same-origin",
            "Origin": self.world.origin,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        page = await self.send("POST", action, headers=headers, data=urlencode(fields))
        if page.status == 303 and follow and page.location.startswith(("/", self.world.origin)):
            return await self.open(page.location, follow=follow - 1)
        return page

    # -- what people do ------------------------------------------------------------------------

    async def sign_in(self, user: str = "ada") -> None:
        """Use the application's own login."""
        page = await self.post("/login", {"user": user, "password": PASSWORDS[user]}, follow=0)
        assert page.status == 303, page

    def code(self, *, ahead: int = 0) -> str:
        """Return what the person's app shows now, or some steps from now."""
        at = self.world.clock() + timedelta(seconds=30 * ahead)
        return pyotp.TOTP(self.secret).at(int(at.timestamp()))

    async def enroll(self, user: str = "ada", *, target: str = "/") -> Page:
        """Go the whole way of a newcomer, codes kept; return the page that leads on."""
        await self.sign_in(user)
        return await self.set_up(user, target=target)

    async def set_up(self, user: str = "ada", *, target: str = "/") -> Page:
        """Go the same way, signed in already."""
        invitation = await self.world.invite(user)
        page = await self.open(target)
        page = await self.submit(page, "enroll/begin", factor="totp", invitation=invitation)
        link = next(link for link in page.links if link.startswith("otpauth:"))
        self.secret = str(URL(link).query["secret"])
        page = await self.submit(page, "enroll/finish", code=self.code())
        self.codes = _codes_in(page.text)
        return await self.submit(page, "enroll/kept", kept="yes")

    async def confirm(self, target: str = "/") -> Page:
        """Open a page and answer its challenge with the app's next code."""
        page = await self.open(target)
        self.world.clock.travel(seconds=30)
        return await self.submit(page, "challenge/answer", code=self.code())


def _codes_in(text: str) -> list[str]:
    marked = text.partition('data-plain="')[2].partition('"')[0]
    return [code for code in marked.replace("&#10;", "\n").split("\n") if code]
