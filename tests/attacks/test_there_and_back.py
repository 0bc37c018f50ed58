"""A session of the application that changes hands and back while a request uses it."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from tests.attacks.keeping import CHANGES, Keeping, attacker, signed_in
from tests.wire import tell
from tests.world import world


class Slow(Keeping):
    """Makes one answer when told to, and sends it when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.came, self.make = asyncio.Event(), asyncio.Event()
        self.made, self.send = asyncio.Event(), asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.raw_path != "/slow":
            return await super().handle(request)
        self.came.set()
        await self.make.wait()
        answer = await super().handle(request)
        self.made.set()
        await self.send.wait()
        return answer


@pytest.mark.threat(47)
async def test_there_and_back_again(tmp_path: Path) -> None:
    """An answer made for grace between two sign-ins of one cookie: shows that ada gets none of it.

    THREATS 47: asking who it is afterwards hears "ada" again.
    """
    behind = Slow()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(tell(place, f"Cookie: {app}; {ours}", target="/slow"))
            await behind.came.wait()
            await signed_in(place, "grace", app)
            behind.make.set()
            await behind.made.wait()
            await signed_in(place, "ada", app)
            behind.send.set()
    answer = asked.result()
    assert answer.status == 403
    assert b"grace" not in answer.body
