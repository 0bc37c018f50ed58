"""The account page: words for people, changes with a proof, sessions."""

import pytest

from sidecar.core.model import Event, Person
from tests.somebody import COOKIE, Somebody, somebody
from tests.world import World


async def method(who: Somebody) -> str:
    async with who.world.sidecar.store.read() as tx:
        return (await tx.authenticators.of(who.person))[0].id


@pytest.mark.asyncio(loop_scope="module")
async def test_words(here: World) -> None:
    """A fresh account shows the kind of method in words, and what was done with it."""
    who = await somebody(here, "proven")
    text = (await who.get("account")).text
    assert "<span>Authenticator app</span></h3>" in text
    assert "Added: Authenticator app" in text
    assert "<bdi>totp</bdi>" not in text
    assert "Your only way in" in text
    assert "This browser" in text


@pytest.mark.asyncio(loop_scope="module")
async def test_backup_codes_have_words_of_their_own(here: World) -> None:
    """Codes made and used show as that, and how many are left."""
    browser_of = here.visitor()
    await browser_of.enroll("grace")
    browser_of.cookies.pop(COOKIE)
    page = await browser_of.open("/secret")
    page = await browser_of.open(next(link for link in page.links if "backup_codes" in link))
    await browser_of.submit(page, "challenge/answer", code=browser_of.codes[0])
    text = (await browser_of.open("/_sidecar/account")).text
    assert "New backup codes" in text
    assert "Backup code used" in text
    assert "<strong>9</strong>" in text


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.conforms("NIST-PHYSA-1")
async def test_what_to_do_at_a_loss(here: World) -> None:
    """The page of methods shows what to do with a lost one; whoever has no other way left, and
    sees that page no more, is shown whom to ask and for what.
    """
    who = await somebody(here, "proven")
    text = (await who.visitor.open("/_sidecar/account")).text
    assert "Lost one, or may somebody else have it? Remove it here" in text
    assert "ask for help" in text
    who = await somebody(here, "recovery")
    text = (await who.visitor.open("/secret")).text
    assert "Say that you need your two-step sign-in reset." in text
    assert "Ask the desk." in text


@pytest.mark.asyncio(loop_scope="module")
async def test_a_disabled_method(here: World) -> None:
    """A method disabled after too many tries shows as switched off, in list and activity."""
    browser_of = here.visitor()
    await browser_of.enroll("ada")
    person = Person("app_login", "ada")
    async with here.sidecar.store.begin() as tx:
        for item in await tx.authenticators.of(person):
            if item.factor == "totp":
                await tx.authenticators.move(item, "disable", here.clock())
        told = Event(
            here.clock(), "authenticator.disabled", person, "self", "r", {"factor": "totp"}
        )
        await tx.trail.append(told)
    text = (await browser_of.open("/_sidecar/account")).text
    assert "Switched off" in text
    assert "Switched off after too many tries" in text


@pytest.mark.asyncio(loop_scope="module")
async def test_rename(here: World) -> None:
    """A new name shows in the list, tidied; markup in it stays text."""
    who = await somebody(here, "proven")
    name = "  <b>Pixel</b>   8 "
    page = await who.post("account/rename", authenticator=await method(who), name=name)
    assert page.location.endswith("/_sidecar/account?done=renamed")
    text = (await who.visitor.open(page.location)).text
    assert "<bdi>&lt;b&gt;Pixel&lt;/b&gt; 8</bdi>" in text
    assert "The new name is saved." in text


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "a\x07b"])
@pytest.mark.asyncio(loop_scope="module")
async def test_names_that_do_not_work(here: World, name: str) -> None:
    """Each bad name shows an alert and its own form again, with what was typed."""
    who = await somebody(here, "proven")
    page = await who.post("account/rename", authenticator=await method(who), name=name)
    assert page.status == 409
    assert "That name does not work" in page.text
    assert page.form("account/rename").fields["name"] == name
    assert '<details class="rename" open>' in page.text


@pytest.mark.asyncio(loop_scope="module")
async def test_anothers_things(here: World) -> None:
    """THREATS 44: another person's method and session show "not found" to every change."""
    who, other = await somebody(here, "proven"), await somebody(here, "proven")
    theirs = await method(other)
    async with here.sidecar.store.read() as tx:
        session = (await tx.sessions.of(other.person, here.clock()))[0].id
    assert (await who.post("account/rename", authenticator=theirs, name="x")).status == 404
    assert (await who.post("account/remove", authenticator=theirs)).status == 404
    assert (await who.post("account/sessions/end", session=session)).status == 404
    assert (await other.get("account")).status == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_ending_this_session(here: World) -> None:
    """Signing out by one's own line shows the page that says so, and the cookie is gone."""
    who = await somebody(here, "proven")
    async with here.sidecar.store.read() as tx:
        session = (await tx.sessions.of(who.person, here.clock()))[0].id
    page = await who.post("account/sessions/end", session=session)
    assert page.location.endswith("/_sidecar/signed-out")
    assert COOKIE not in who.visitor.cookies


@pytest.mark.asyncio(loop_scope="module")
async def test_ending_every_session(here: World) -> None:
    """Signing out everywhere needs no proof and shows that the old cookie opens nothing."""
    who = await somebody(here, "proven")
    kept = dict(who.visitor.cookies)
    page = await who.post("account/sessions/end-all")
    assert page.location.endswith("/_sidecar/signed-out?everywhere=1")
    assert COOKIE not in who.visitor.cookies
    who.visitor.cookies = kept
    assert "Confirm it" in (await who.visitor.open("/secret")).text


@pytest.mark.parametrize("done", ["", "nonsense", "<script>"])
@pytest.mark.asyncio(loop_scope="module")
async def test_only_known_messages(here: World, done: str) -> None:
    """A made-up message in the address shows nothing."""
    who = await somebody(here, "proven")
    page = await who.get(f"account?done={done}")
    assert 'role="status"' not in page.text
