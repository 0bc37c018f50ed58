"""Keys on our pages: a passkey beside a code, what browsers are told, what was wrong."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import cast

import pytest
import pytest_asyncio

from sidecar.conformance.softkey import SoftKey
from sidecar.core.errors import PluginFailed
from sidecar.core.model import Authenticator, Prompt, PublicKey, Started
from sidecar.core.protocols import Context, Factor
from tests.somebody import Somebody, somebody
from tests.unit.flows.scene import Watched
from tests.visitor import Page
from tests.world import ORIGIN, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

FACTORS = {
    "totp": {"issuer": "Shop"},
    "webauthn": {"rp_id": "app.test", "rp_name": "Shop"},
    "backup_codes": {"count": 10},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("keys"), changes={"factors": FACTORS}) as made:
        yield made


class Silent(Watched):
    """A factor that cannot say what it would ask."""

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        del context, authenticators
        raise PluginFailed


def asked(page: Page) -> Prompt:
    options = re.search(r'data-options="([^"]*)"', page.text)
    assert options, page.text
    return Prompt("webauthn", {"options": unescape(options[1])})


def beside(page: Page) -> dict[str, str]:
    """Return the form of the passkey beside a code, as the script would send it."""
    form = re.search(r"<form[^>]* hidden>.*?</form>", page.text, re.DOTALL)
    assert form, page.text
    return dict(re.findall(r'name="([^"]*)" value="([^"]*)"', form[0]))


async def open_enrollment(who: Somebody) -> Page:
    """Go to the page that sets a key up, with the app's proof for it."""
    page = await who.visitor.open("/_sidecar/enroll")
    page = await who.visitor.submit(page, "enroll/begin", factor="webauthn")
    who.world.clock.travel(seconds=30)
    return await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())


async def add(who: Somebody, soft: SoftKey, page: Page) -> Page:
    made = soft.create(asked(page), origin=ORIGIN)["credential"]
    return await who.visitor.submit(page, "enroll/finish", credential=made)


async def holder(here: World, soft: SoftKey) -> Somebody:
    """Return somebody with an app and this key, in a session that proved both."""
    who = await somebody(here, "proven")
    page = await add(who, soft, await open_enrollment(who))
    assert "The new method works." in page.text
    return who


async def test_a_passkey_beside_a_code(here: World) -> None:
    """Where a code is asked for, the page shows a passkey's challenge too, which is enough."""
    soft = SoftKey()
    who = await holder(here, soft)
    del who.visitor.cookies["__Host-sidecar"]
    page = await who.visitor.open("/secret")
    assert 'autocomplete="one-time-code webauthn"' in page.text
    assert page.form("challenge/answer").fields["factor"] == "totp"
    fields = {**beside(page), **soft.get(asked(page), origin=ORIGIN)}
    assert fields["factor"] == "webauthn"
    page = await who.visitor.post("/_sidecar/challenge/answer", fields)
    assert (await who.visitor.open("/secret")).text.endswith(f"for {who.name}")


async def test_no_passkey_beside_a_removal(here: World) -> None:
    """The page of a removal shows a field for a code, and nothing that answers by itself."""
    who = await holder(here, SoftKey())
    page = await who.visitor.open("/_sidecar/account")
    page = await who.visitor.submit(page, "account/remove")
    assert 'name="code"' in page.text
    assert "data-passkey" not in page.text
    assert 'autocomplete="one-time-code"' in page.text


async def test_what_the_account_page_tells(here: World) -> None:
    """The account page shows which passkeys are good, and stays where its factor is broken."""
    soft = SoftKey()
    who = await holder(here, soft)
    page = await who.visitor.open("/_sidecar/account")
    told = re.search(r'data-passkey-accepted="([^"]*)" data-rp-id="app.test"', page.text)
    assert told
    assert len(told[1].split()) == 1
    factors = cast("dict[str, Factor]", here.sidecar.flows.kit.factors)
    kept = factors["webauthn"]
    factors["webauthn"] = Silent(kept)
    try:
        page = await who.visitor.open("/_sidecar/account")
    finally:
        factors["webauthn"] = kept
    assert page.status == 200
    assert "data-passkey-accepted" not in page.text


async def test_a_key_that_was_removed_meanwhile(here: World) -> None:
    """The page after an answer by a removed key shows what the browser should forget."""
    gone, stays = SoftKey(), SoftKey()
    who = await holder(here, gone)
    await add(who, stays, await open_enrollment(who))
    page = await who.visitor.open(
        "/_sidecar/challenge?factor=webauthn&action=authenticator.add:totp"
    )
    async with here.sidecar.store.begin() as tx:
        for item in await tx.authenticators.of(who.person):
            if isinstance(item.material, PublicKey) and (
                item.material.credential_id == gone.credential_id
            ):
                await tx.authenticators.move(item, "remove", here.clock())
    answer = gone.get(asked(page), origin=ORIGIN)["credential"]
    page = await who.visitor.submit(page, "challenge/answer", credential=answer)
    assert page.status == 422
    assert "We do not know that key." in page.text
    assert 'data-passkey-unknown="' in page.text
    answer = stays.get(asked(page), origin=ORIGIN)["credential"]
    page = await who.visitor.submit(page, "challenge/answer", credential=answer)
    assert "Set up your authenticator app" in page.text


async def test_a_key_that_cannot_be_set_up(here: World) -> None:
    """A key of somebody else shows that it is set up already, and the page goes on with another."""
    theirs = SoftKey()
    await holder(here, theirs)
    who = await somebody(here, "proven")
    page = await open_enrollment(who)
    before = page.form("enroll/finish").fields["enrollment"]
    page = await add(who, theirs, page)
    assert page.status == 422
    assert "That key is set up already." in page.text
    assert page.form("enroll/finish").fields["enrollment"] != before
    assert "The new method works." in (await add(who, SoftKey(), page)).text
