"""An application that keeps its cookie at login, and an attacker with a factor of their own."""

import asyncio

from aiohttp import web

from tests.application import Application
from tests.visitor import Visitor
from tests.wire import tell
from tests.world import ASKING, World

CHANGES = {"identity": {"app_login": {**ASKING, "keep": "5m"}}}
LOGIN = "user={}&password={}"
PASSWORDS = {"ada": "lovelace", "grace": "hopper"}


class Keeping(Application):
    """Keeps its cookie at login, reads it as leniently as some do, and can be made to wait."""

    def __init__(self) -> None:
        super().__init__(keep_cookie=True)
        self.served: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()
        self.asked = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.raw_path == "/whoami":
            self.asked.set()
        if request.raw_path.startswith("/slow"):
            self.waiting.set()
            await self.gate.wait()
        await request.read()  # as many do, before they look at the session
        path = request.raw_path.partition("?")[0]
        if path.lower().rstrip("/") == "/sso/back":
            # A sign-in by GET, as OAuth's way back is one.
            self.people[self._cookie(request)] = request.raw_path.partition("user=")[2]
            return web.Response(status=303, headers={"Location": "/"})
        if path not in {"/whoami", "/login"}:
            self.served.append(f"{path} {self._who(request, self._cookie(request))}")
        return await super().handle(request)

    @staticmethod
    def _cookie(request: web.BaseRequest) -> str:
        return request.cookies.get("app", "").strip("'")

    def _who(self, request: web.BaseRequest, cookie: str) -> str:
        del cookie
        return self.people.get(self._cookie(request), "")


async def signed_in(place: World, user: str, cookies: str) -> int:
    """Sign in as somebody under these cookies, as a person does who knows the password."""
    answer = await tell(
        place,
        f"Cookie: {cookies}",
        "Content-Type: application/x-www-form-urlencoded",
        method="POST",
        target="/login",
        body=LOGIN.format(user, PASSWORDS[user]).encode(),
    )
    return answer.status


async def attacker(place: World) -> tuple[Visitor, str, str]:
    """Return ada, proven, on a kept cookie, with our cookies and the application's apart."""
    ada = place.visitor()
    ada.cookies["app"] = "c0ffee00c0ffee00"
    await ada.enroll("ada")
    ours = "; ".join(f"{name}={value}" for name, value in ada.cookies.items() if name != "app")
    assert ada.cookies["app"] == "c0ffee00c0ffee00"
    return ada, ours, "app=c0ffee00c0ffee00"
