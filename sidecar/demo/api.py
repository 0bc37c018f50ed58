"""Harbour for programs: who am I, the logbook as JSON, a live channel."""

import asyncio
import contextlib
import json
import weakref
from dataclasses import asdict

from aiohttp import WSCloseCode, WSMsgType, web

from sidecar.demo.pages import NOTE_LIMIT
from sidecar.demo.visit import DESK, VISIT, signed_in

TICK_S = 1.0
MESSAGE_LIMIT_BYTES = 64 * 1024

LIVE: web.AppKey[weakref.WeakSet[web.WebSocketResponse]] = web.AppKey("live")
routes = web.RouteTableDef()


@routes.get("/whoami")
async def whoami(request: web.Request) -> web.Response:
    """Always 200; nobody is `{"user": null}`. The sidecar asks here."""
    person = request[VISIT].person
    user = person and {"id": person.id, "name": person.name, "email": person.email}
    return web.json_response({"user": user}, headers={"Cache-Control": "no-store"})


@routes.get("/api/notes")
async def list_notes(request: web.Request) -> web.Response:
    person, desk = signed_in(request), request.app[DESK]
    return web.json_response([asdict(note) for note in desk.of(desk.notes, person)])


@routes.post("/api/notes")
async def add_note(request: web.Request) -> web.Response:
    """Adds `{"text": …}`. Only JSON: another site cannot send that type without being asked."""
    person = signed_in(request)
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send application/json.")
    text = _text(await request.text())
    if text is None:
        return web.json_response({"error": f"text: 1 to {NOTE_LIMIT} characters"}, status=400)
    return web.json_response(asdict(request.app[DESK].note(person, text)), status=201)


def _text(body: str) -> str | None:
    try:
        sent = json.loads(body)
    except ValueError:
        return None
    text = sent.get("text") if isinstance(sent, dict) else None
    if not isinstance(text, str) or not 0 < len(text.strip()) <= NOTE_LIMIT:
        return None
    return text.strip()


@routes.get("/live")
async def live(request: web.Request) -> web.WebSocketResponse:
    """Counts the seconds since the channel opened and echoes what is said."""
    signed_in(request)
    socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT_BYTES)
    await socket.prepare(request)
    request.app[LIVE].add(socket)
    async with asyncio.TaskGroup() as tasks:
        clock = tasks.create_task(_tick(socket))
        await _echo(socket)
        clock.cancel()
    return socket


async def _tick(socket: web.WebSocketResponse) -> None:
    seconds = 0
    with contextlib.suppress(ConnectionError):
        while not socket.closed:
            await socket.send_json({"seconds": seconds})
            await asyncio.sleep(TICK_S)
            seconds += 1


async def _echo(socket: web.WebSocketResponse) -> None:
    with contextlib.suppress(ConnectionError):
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_json({"echo": message.data})


async def close_live(app: web.Application) -> None:
    sockets = app[LIVE]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the harbour closes")
