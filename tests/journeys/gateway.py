"""A program of the operator's that takes letters by webhook, and people's phones behind it."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
NUMBER = "+49 151 12345642"
MAILBOX = "ada@harbour.example"


@dataclass
class Gateway:
    """Keeps what it took; answers what it is told to."""

    url: str = ""
    status: int = 200
    letters: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if self.status < web.HTTPMultipleChoices.status_code:
            self.letters.append(json.loads(await request.read()))
        return web.Response(status=self.status)

    def code(self, channel: str = "sms") -> str:
        """Return the code of the newest letter of the channel."""
        letter = next(item for item in reversed(self.letters) if item["channel"] == channel)
        found = re.search(r"(?<!\d)\d{6}(?!\d)", letter["text"])
        assert found is not None, letter
        return found[0]

    def settings(self) -> dict[str, Any]:
        """Return the sections of a sidecar that sends by it."""
        return {
            "factors": {
                "totp": {"issuer": "Harbour"},
                "sms": {"transport": "inside", "default_region": "DE"},
                "email": {"transport": "inside"},
                "backup_codes": {"count": 10},
            },
            "transports": {
                "inside": {"plugin": "webhook", "url": self.url, "secret": SECRET, "private": True}
            },
            "messages": {"regions": ["+49"]},
        }


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    """Run one on a port of its own."""
    made = Gateway()
    app = web.Application()
    app.router.add_post("/letters", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/letters"
    try:
        yield made
    finally:
        await runner.cleanup()
