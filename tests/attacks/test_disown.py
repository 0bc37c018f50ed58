"""The link of a notice: whoever only sees it, or keeps it, gets nothing lasting out of it."""

from unittest.mock import patch

import pytest

from sidecar.core.model import AuthenticatorId, Person
from sidecar.flows.tokens import Tokens
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.wiring import key_ring
from tests.visitor import Visitor
from tests.world import REALM, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def link(place: World, user: str) -> str:
    """Return the token of the link about what somebody set up first."""
    async with place.sidecar.store.read() as tx:
        (item, *_) = await tx.authenticators.of(Person(REALM, user))
    return Tokens(key_ring(place.loaded)).mint_disown(AuthenticatorId(item.id), place.clock())


@pytest.mark.threat(19)
async def test_the_link_is_passed_on_to_nobody(place: World, ada: Visitor) -> None:
    """The page behind the link shows that browsers name it to nobody, not even within the origin,
    and that no address on it holds the token but that of its other languages.
    """
    token = await link(place, "ada")
    shown = await place.visitor().open(f"/_sidecar/disown?t={token}")
    assert shown.status == 200
    assert shown.headers["Referrer-Policy"] == "strict-origin"
    assert '<meta name="referrer" content="strict-origin">' in shown.text
    assert all("lang=" in address for address in shown.links if token in address)
    assert ada.cookies


async def test_made_up_links_never_reach_the_store(place: World, ada: Visitor) -> None:
    """Links that nobody made show one answer, and no question to the store."""
    which, until, tag = (await link(place, "ada")).split(".")
    made_up = (
        f"{which}.{until}.{tag[::-1]}",
        f"{which}.ffffffff.{tag}",
        "%ED%A0%80.a.b",
        "%C3%A9.1.%C3%A9",
    )
    with patch.object(SqlAuthenticators, "find", side_effect=AssertionError):
        for token in made_up:
            shown = await place.visitor().open(f"/_sidecar/disown?t={token}")
            assert shown.status == 404
    assert ada.cookies


@pytest.mark.threat(52, 57)
async def test_a_kept_link_signs_nobody_out_again(place: World) -> None:
    """A thief who kept the link of a notice sends it again; shows that a link works once."""
    browser, thief = place.visitor(), place.visitor()
    await browser.enroll("grace")
    token = await link(place, "grace")
    sent = [await thief.post("/_sidecar/disown", {"token": token}) for _ in range(3)]
    assert [page.status for page in sent] == [200, 404, 404]
