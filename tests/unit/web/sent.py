"""People with a number: set up, away, with one more; and what the network carried for them."""

import re
from itertools import count
from typing import Any, cast

from tests.mailbox import Mailbox
from tests.somebody import COOKIE, Somebody, somebody
from tests.visitor import Page
from tests.world import World

CHANGES: dict[str, Any] = {
    "factors": {
        "totp": {"issuer": "Shop"},
        "sms": {"transport": "texts", "default_region": "DE"},
        "email": {"transport": "mail"},
        "backup_codes": {"count": 8},
    },
    "transports": {
        "texts": {"plugin": "tests.texting:PLUGIN", "channel": "sms"},
        "mail": {"plugin": "tests.texting:PLUGIN", "channel": "email"},
    },
    "messages": {"regions": ["+49"]},
}
NUMBERS = (f"+49151123457{number:02}" for number in count(10))


def network(here: World, name: str = "texts") -> Mailbox:
    return cast("Mailbox", here.sidecar.flows.kit.transports[name])


def code(here: World, to: str, name: str = "texts") -> str:
    """Return the code of the letter that came last, which went to this address."""
    letter = network(here, name).letters[-1]
    assert letter.to == to
    found = re.search(r"\b\d{6}\b", letter.text)
    assert found is not None
    if name == "texts":
        assert letter.text.endswith(f"\n@app.test #{found[0]}")
    return found[0]


async def number(
    who: Somebody, page: Page, to: str, name: str = "texts", *, called: str = ""
) -> Page:
    """Return the page after an address was typed and its code came back."""
    page = await who.visitor.submit(page, "enroll/finish", address=to, accept_risk="yes")
    assert page.status == 200, page.text
    # The page shows where the code went, and neither the code nor the whole address.
    typed = code(who.world, to, name)
    assert to not in page.text
    assert typed not in page.text
    if called:
        return await who.visitor.submit(page, "enroll/finish", code=typed, name=called)
    return await who.visitor.submit(page, "enroll/finish", code=typed)


async def newcomer(here: World) -> tuple[Somebody, str]:
    """Return somebody who set up a number, long ago enough to be sent another code."""
    who, to = await somebody(here, "identified"), next(NUMBERS)
    page = await who.visitor.open("/secret")
    invitation = await here.invite(who.name)
    page = await who.visitor.submit(page, "enroll/begin", factor="sms", invitation=invitation)
    page = await number(who, page, to)
    await who.visitor.submit(page, "enroll/kept", kept="yes")
    here.clock.travel(minutes=11)
    return who, to


async def away(who: Somebody) -> Page:
    """Return what a new browser of the person shows first."""
    who.visitor.cookies.pop(COOKIE, None)
    return await who.visitor.open("/secret")


async def second(who: Somebody, *, name: str = "") -> tuple[Page, str]:
    """Return the page after one more number, and that number."""
    to = next(NUMBERS)
    page = await who.visitor.open("/_sidecar/account")
    page = await who.visitor.submit(page, "enroll/begin", factor="sms")
    page = await who.visitor.submit(page, "challenge/begin")
    sent = network(who.world).letters[-1]
    page = await who.visitor.submit(page, "challenge/answer", code=code(who.world, sent.to))
    who.world.clock.travel(seconds=31)
    page = await number(who, page, to, called=name)
    who.world.clock.travel(minutes=11)
    return page, to
