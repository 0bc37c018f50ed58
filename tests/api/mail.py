"""The letters that a sidecar of these tests sends, and what is in them."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from sidecar.core.messages import Letter, Receipt
from tests.api.calling import Api
from tests.mailbox import Mailbox

_CODE = re.compile(r"\b\d{6}\b")


def mailbox(desk: Api) -> Mailbox:
    """Return the transport that mail goes by."""
    box: Any = desk.world.sidecar.flows.kit.transports["mail"]
    inner = getattr(box, "_inner", box)
    assert isinstance(inner, Mailbox)
    return inner


@dataclass
class Post:
    """Lets letters with a code wait, or fail; all others go out as ever."""

    box: Mailbox
    brought: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when one is brought."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to let them go."""
    broken: Exception | None = None
    sent: int = 0

    async def send(self, letter: Letter) -> Receipt:
        if _CODE.search(letter.text) is None:
            return await Mailbox.send(self.box, letter)
        self.brought.set()
        await self.go_on.wait()
        if self.broken is not None:
            raise self.broken
        self.sent += 1
        return await Mailbox.send(self.box, letter)


def held(desk: Api) -> Post:
    """Return what lets codes by mail wait from now on."""
    post = Post(mailbox(desk))
    post.box.send = post.send  # type: ignore[method-assign]
    return post


def mailed(desk: Api) -> str:
    """Return the code in the last letter."""
    found = _CODE.search(mailbox(desk).letters[-1].text)
    assert found
    return found[0]
