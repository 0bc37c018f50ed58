"""An application with a login of its own, as tests put one behind the sidecar."""

import asyncio
import base64
import secrets
from dataclasses import dataclass

from aiohttp import web

PASSWORDS = {"ada": "lovelace", "grace": "hopper"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the application saw it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Application:
    """An application with a login of its own, which remembers every request that reached it."""

    def __init__(self, *, keep_cookie: bool = False) -> None:
        self.keep_cookie = keep_cookie
        """It keeps a visitor's cookie at login (a fault of many real applications)."""
        self.people: dict[str, str] = {}
        """Session cookie -> subject."""
        self.seen: list[Seen] = []
        self.said: list[str] = []
        """What came over WebSockets."""
        self.closed: list[int | None] = []
        """With which code each WebSocket that is over was closed."""
        self.down = False
        """It answers who-am-I with 500."""

    @property
    def reached(self) -> list[str]:
        """Method and target of every request but our own questions."""
        return [f"{one.method} {one.target}" for one in self.seen if one.target != "/whoami"]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            Seen(request.method, request.raw_path, tuple(request.headers.items()), body)
        )
        path = request.raw_path.partition("?")[0]
        cookie = request.cookies.get("app", "")
        if path == "/whoami":
            return self._whoami(request, cookie)
        if path == "/login" and request.method == "POST":
            return self._login(body.decode(), cookie)
        if path == "/logout":
            self.people.pop(cookie, None)
            return web.Response(text="bye")
        if path == "/away" and request.method == "POST":
            return web.Response(status=303, headers={"Location": "https://elsewhere.test/"})
        if path.endswith(("/endless", "/socket")):
            run = self._endless if path.endswith("/endless") else self._socket
            return await run(request)
        who = self._who(request, cookie)
        return web.Response(
            text=f"application: {path} for {who or 'nobody'}",
            headers={"Cache-Control": "public, max-age=60, s-maxage=600"},
        )

    async def _socket(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Echo whatever is said, and remember how it ended."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            self.said.append(str(message.data))
            await socket.send_str(str(message.data))
        self.closed.append(socket.close_code)
        return socket

    async def _endless(self, request: web.BaseRequest) -> web.StreamResponse:
        """Begin an answer that goes on until its reader is gone."""
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        transport = request.transport
        while transport is not None and not transport.is_closing():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
        return response

    def _who(self, request: web.BaseRequest, cookie: str) -> str:
        """Honour every credential an application may honour; the last found wins."""
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Bearer "):
            return authorization.removeprefix("Bearer ")
        if authorization.startswith("Basic "):
            return base64.b64decode(authorization[6:]).decode().partition(":")[0]
        return request.headers.get("X-API-Key", "") or self.people.get(cookie, "")

    def _whoami(self, request: web.BaseRequest, cookie: str) -> web.Response:
        if self.down:
            return web.Response(status=500)
        who = self._who(request, cookie)
        if not who:
            return web.json_response({"user": None})
        return web.json_response({"user": {"id": who, "email": f"{who}@example.com"}})

    def _login(self, body: str, cookie: str) -> web.Response:
        fields = dict(pair.split("=") for pair in body.split("&") if "=" in pair)
        user = fields.get("user", "")
        if PASSWORDS.get(user) != fields.get("password"):
            return web.Response(status=403, text="wrong password")
        response = web.Response(status=303, headers={"Location": "/"})
        token = cookie if self.keep_cookie and cookie else secrets.token_hex(8)
        self.people[token] = user
        if token != cookie:
            response.headers["Set-Cookie"] = f"app={token}; Path=/; HttpOnly"
        return response
