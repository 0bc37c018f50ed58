"""Codes come and go over what is encrypted and bound to this host, or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.somebody import COOKIE, Somebody, somebody
from tests.visitor import NAVIGATION, Page
from tests.world import World, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    """A sidecar that people reach by https."""
    async with world(tmp_path) as made:
        yield made


async def typed(who: Somebody, page: Page, origin: str, cookies: str | None = None) -> Page:
    """Return what comes of the right code, typed into a page of this origin."""
    who.world.clock.travel(seconds=30)
    form = page.form("challenge/answer")
    headers = {
        **NAVIGATION,
        "Origin": origin,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    fields = urlencode({**form.fields, "code": who.visitor.code()})
    return await who.visitor.send(
        "POST", form.action, headers=headers, data=fields, cookies=cookies
    )


@pytest.mark.conforms("NIST-OBA-2")
async def test_a_code_is_typed_into_https_only(here: World) -> None:
    """The page that asks shows that browsers keep to https afterwards, and a right code that was
    typed into plain http, or came without the cookie that only https carries, shows a refusal.
    """
    who = await somebody(here, "pending")
    page = await who.visitor.open("/secret")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = await typed(who, page, here.origin.replace("https:", "http:"))
    assert plain.status == 403
    app = f"app={who.visitor.cookies['app']}"  # all that plain http would carry
    kept = dict(who.visitor.cookies)
    bare = await typed(who, page, here.origin, cookies=app)
    assert bare.status == 410
    who.visitor.cookies = kept
    assert (await typed(who, page, here.origin)).status == 303


@pytest.mark.conforms("NIST-LSA-1.5")
async def test_codes_are_handed_over_in_a_protected_session(here: World) -> None:
    """The page with new codes shows them once to their owner's session: over https, kept by no
    cache, in no address, and to nobody who has less than that session's cookie.
    """
    who = await somebody(here, "enrolling")
    fields = {**who.enrollment, "code": who.visitor.code()}
    page = await who.visitor.post("/_sidecar/enroll/finish", fields, follow=0)
    where = page.location
    assert page.headers.getall("Set-Cookie")[0].startswith(f"{COOKIE}=")
    assert all("Secure; HttpOnly" in line for line in page.headers.getall("Set-Cookie"))
    page = await who.visitor.open(where)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["Cache-Control"] == "no-store"
    codes = page.text.partition('data-plain="')[2].partition('"')[0].split()
    assert len(codes) == 10
    assert not any(code in where for code in codes)
    thief = here.visitor()
    thief.cookies["app"] = who.visitor.cookies["app"]
    shown = (await thief.open(where)).text
    assert not any(code in shown for code in codes)
