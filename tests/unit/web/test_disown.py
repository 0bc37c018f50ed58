"""The page behind a link in a notice, as a browser, a mail scanner and a stranger meet it."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from sidecar.core.model import AuthenticatorStatus
from tests.mailbox import Mailbox
from tests.somebody import Somebody, somebody
from tests.visitor import FETCH, NAVIGATION
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGES: dict[str, Any] = {
    "transports": {"mail": {"plugin": "tests.texting:PLUGIN", "channel": "email"}},
}
LINK = re.compile(r"https://app\.test(/_sidecar/disown\?t=\S+)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("disown"), changes=CHANGES) as made:
        yield made


async def link(here: World) -> tuple[Somebody, str]:
    """Return somebody who set up an app, and the link in the mail about it."""
    mail = cast("Mailbox", here.sidecar.flows.kit.transports["mail"])
    mail.taken = asyncio.Event()
    who = await somebody(here, "proven")
    await asyncio.wait_for(mail.taken.wait(), 10)
    letter = next(one for one in mail.letters if one.to == f"{who.name}@example.com")
    found = LINK.search(letter.text)
    assert found is not None
    return who, found[1]


async def status(here: World, who: Somebody) -> AuthenticatorStatus:
    async with here.sidecar.store.read() as tx:
        (held,) = await tx.authenticators.of(who.person)
    return held.status


@pytest.mark.conforms("NIST-BINAE-10")
async def test_looking_changes_nothing_and_the_form_does(here: World) -> None:
    """A link opened by anybody, many times, shows what it would do; its form does it, and says
    so; whoever was signed in is not any more.
    """
    who, target = await link(here)
    reader = here.visitor()
    for _ in range(3):
        page = await reader.open(target)
        assert page.status == 200
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "strict-origin"  # the link stays here
    assert await status(here, who) is AuthenticatorStatus.ACTIVE
    done = await reader.submit(page, "disown")
    assert done.status == 200
    assert await status(here, who) is AuthenticatorStatus.SUSPENDED
    assert (await who.visitor.open("/secret")).url.startswith("https://app.test/_sidecar/recovery")
    again = await reader.open(target)
    assert "opens nothing any more" in again.text


@pytest.mark.threat(58)
async def test_bad_links_get_one_answer(here: World) -> None:
    """THREATS 58: no link, a made-up one and one changed show the same page."""
    _, target = await link(here)
    pages = [
        await here.visitor().open(f"/_sidecar/disown{query}")
        for query in ("", "?t=", "?t=a.b.c", f"?t={target.partition('=')[2]}x")
    ]
    assert {page.status for page in pages} == {404}
    number = re.compile(r"<code.*?</code>|[?&]\S*")
    assert len({number.sub("", page.text) for page in pages}) == 1


@pytest.mark.threat(40)
async def test_only_our_own_form_is_taken(here: World) -> None:
    """THREATS 40: another origin's form, a script and a frame show a refusal, and no change."""
    who, target = await link(here)
    token = target.partition("=")[2]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for headers in (
        {**NAVIGATION, **form, "Origin": "https://evil.test"},
        {**NAVIGATION, **form},
        {**FETCH, **form, "Origin": "https://app.test"},
        {**NAVIGATION, **form, "Origin": "https://app.test", "Sec-Fetch-Dest": "iframe"},
    ):
        page = await here.visitor().send(
            "POST", "/_sidecar/disown", headers=headers, data=f"token={token}"
        )
        assert page.status == 403
    assert await status(here, who) is AuthenticatorStatus.ACTIVE


async def test_of_nobody_is_asked_who_it_is(here: World) -> None:
    """A link shows its page while the application cannot tell who anybody is."""
    _, target = await link(here)
    asked = len(here.application.seen)
    assert (await here.visitor().open(target)).status == 200
    assert len(here.application.seen) == asked
