"""Browsers on the account page: what they are called, which are remembered, and forgetting them."""

import re
from datetime import timedelta

from aiohttp import web

from sidecar.core.assurance import Requirement
from sidecar.core.cookies import TRUSTED
from sidecar.core.errors import NotFound
from sidecar.core.model import Level
from sidecar.core.trusted import SeriesId, TrustedBrowser
from sidecar.flows.visit import Visit
from sidecar.web.desk import Desk
from sidecar.web.lines import BrowserLine

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """Return what a person would call the browser and system of a User-Agent; never more."""
    name = next((shown for part, shown in _BROWSERS if f"{part}/" in user_agent), "")
    system = next((shown for part, shown in _SYSTEMS if part in user_agent), "")
    if name or system:
        return " · ".join(part for part in (name, system) if part)
    word = re.match(r"[A-Za-z][A-Za-z0-9_-]{0,20}", user_agent)
    return word[0] if word else "?"


def near(network: str) -> str:
    """Return a network as people read addresses, `192.0.2.x`: a prefix length is jargon."""
    start, cut, _ = network.partition("/")
    if not cut:
        return network
    return f"{start.removesuffix('0')}x" if "." in start else f"{start}x"


def rememberable(desk: Desk, factor: str, need: Requirement) -> timedelta | None:
    """Return for how long the browser can be remembered; None where that would not help here."""
    plain = need.level <= Level.TWO_FACTOR and need.max_age is None and not need.factors
    return desk.flows.browsers.offered(factor) if plain else None


async def remember(desk: Desk, request: web.Request, visit: Visit) -> None:
    """The browser is remembered for the proof that was just given, where that is allowed."""
    carried = await desk.flows.browsers.remember(visit)
    if carried is not None:
        age = int(carried.lasts.total_seconds())
        desk.put(request, desk.jar(request).put(TRUSTED, carried.token, max_age_s=age))


async def remembered(desk: Desk, visit: Visit) -> tuple[BrowserLine, ...]:
    """Return the lines of the person's remembered browsers."""
    current = desk.flows.browsers.current(visit)
    return tuple(_line(item, current) for item in await desk.flows.browsers.of(visit))


def _line(item: TrustedBrowser, current: SeriesId | None) -> BrowserLine:
    return BrowserLine(
        id=item.id,
        browser=browser(item.user_agent),
        place=near(item.address),
        added=item.created_at,
        last_used=item.last_used_at,
        expires=item.expires_at,
        current=item.id == current,
    )


class BrowserPages:
    """Forgets one remembered browser, or all."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.post(url("account/browsers/forget"), self.forget),
            web.post(url("account/browsers/forget-all"), self.forget_all),
        ]

    async def forget(self, request: web.Request) -> web.Response:
        """One browser is remembered no longer."""
        form = await self._desk.form(request)
        which = SeriesId(form.get("browser"))
        if not which:
            message = "no browser is named"
            raise NotFound(message)
        await self._desk.flows.browsers.forget(form.visit, which)
        if which == self._desk.flows.browsers.current(form.visit):
            self._desk.put(request, self._desk.jar(request).drop(TRUSTED))
        return self._desk.go(request, "account", done="browser-forgotten")

    async def forget_all(self, request: web.Request) -> web.Response:
        """No browser of the person is remembered any more."""
        form = await self._desk.form(request)
        await self._desk.flows.browsers.forget(form.visit, None)
        self._desk.put(request, self._desk.jar(request).drop(TRUSTED))
        return self._desk.go(request, "account", done="browsers-forgotten")
