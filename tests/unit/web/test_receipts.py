"""Where providers call back: reached by them alone, and never the application."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from sidecar.core.errors import AccessDenied
from sidecar.core.messages import Callback, Told
from sidecar.web.receipts import MAX_CALL_BYTES
from tests.mailbox import Mailbox
from tests.visitor import NAVIGATION, Page
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGES: dict[str, Any] = {
    "transports": {"mail": {"plugin": "tests.texting:PLUGIN", "channel": "email"}},
}
HERE = "/_sidecar/receipts/mail"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("receipts"), changes=CHANGES) as made:
        yield made


@pytest.fixture
def mail(here: World) -> Mailbox:
    found = cast("Mailbox", here.sidecar.flows.kit.transports["mail"])
    found.calls.clear()
    found.broken, found.says, found.receipts = None, (), True
    return found


async def call(here: World, target: str = HERE, method: str = "POST", data: bytes = b"a=1") -> Page:
    """Call as a provider does: no browser, no cookie, no origin."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Signature": "abc"}
    return await here.visitor().send(method, target, headers=headers, data=data)


async def test_a_call_reaches_its_transport_whole(here: World, mail: Mailbox) -> None:
    """What a provider sends shows up byte for byte, at the address that it was told to call."""
    mail.says = (Told("nobody", arrived=True),)
    seen = len(here.application.seen)
    page = await call(here, f"{HERE}?id=1%2F2&x")
    assert (page.status, page.text) == (200, "")
    (heard,) = mail.calls
    assert isinstance(heard, Callback)
    assert heard.method == "POST"
    assert heard.url == f"https://app.test{HERE}?id=1%2F2&x"
    assert heard.body == b"a=1"
    assert (b"X-Signature", b"abc") in heard.headers
    assert len(here.application.seen) == seen


async def test_a_call_may_be_a_question(here: World, mail: Mailbox) -> None:
    """A provider that calls by GET shows up, too."""
    assert (await call(here, f"{HERE}?id=1", "GET", b"")).status == 200
    assert mail.calls[0].method == "GET"


async def test_who_is_refused(here: World, mail: Mailbox) -> None:
    """A wrong signature, an unknown transport, one that tells nothing and a call too long show
    problems; none of them reaches the application.
    """
    seen = len(here.application.seen)
    mail.broken = AccessDenied("no signature")
    assert (await call(here)).status == 403
    assert (await call(here, "/_sidecar/receipts/gone")).status == 404
    assert (await call(here, data=b"x" * (MAX_CALL_BYTES + 1))).status == 413
    mail.receipts = False
    assert (await call(here)).status == 404
    assert (await call(here, "/_sidecar/receipts/")).status == 404
    assert len(here.application.seen) == seen


async def test_only_this_path_is_open_to_strangers(here: World, mail: Mailbox) -> None:
    """A call to any other page of ours shows that it is refused without an origin."""
    for target in ("/_sidecar/receipts", "/_sidecar/account", "/_sidecar/disown"):
        page = await call(here, target)
        assert page.status in {403, 404, 421}
    assert mail.calls == []


async def test_a_person_who_opens_it_learns_nothing(here: World, mail: Mailbox) -> None:
    """A browser that opens the address of a refused call shows a page, and no cookie."""
    mail.broken = AccessDenied("no signature")
    page = await here.visitor().send("GET", HERE, headers=NAVIGATION)
    assert page.status == 403
    assert "Set-Cookie" not in page.headers
