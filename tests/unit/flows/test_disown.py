"""Whoever says "this wasn't me" by a link in a notice: what it stops, and what it cannot do."""

import re

import pytest

from sidecar.core.errors import ChallengeGone, NotFound, TooManyAttempts
from sidecar.core.model import AuthenticatorStatus, Standing
from sidecar.flows.manage import removing
from sidecar.flows.portfolio import portfolio
from tests.unit.flows.scene import ADA, GRACE
from tests.unit.flows.sending import Post

LINK = re.compile(r"/_sidecar/disown\?t=(\S+)")


async def links(post: Post, to: str = "ada@x.test") -> list[str]:
    """Return the tokens of the links in the mails to an address, newest last."""
    return [
        found[1]
        for letter in await post.notices()
        if letter.to == to and (found := LINK.search(letter.text)) is not None
    ]


@pytest.mark.conforms("NIST-BINAE-10", "ASVS-6.3.7", "NIST-PHYSA-2")
async def test_an_authenticator_is_taken_back(post: Post) -> None:
    """The link shows the new authenticator suspended, every session and ceremony over, all of it
    told and on record; and nothing before its form was sent.
    """
    visit, token = await post.scene.enter()
    visit, phone = await post.scene.enroll()
    begun = await post.scene.flows.challenges.begin(visit, "totp")
    (link,) = await links(post)
    opened = await post.scene.flows.disowning.look(link)
    assert opened.stops
    assert (await post.scene.held())[0].status is AuthenticatorStatus.ACTIVE
    await post.scene.flows.disowning.disown(link, request_id="req-9")
    (held,) = await post.scene.held()
    assert held.status is AuthenticatorStatus.SUSPENDED
    assert (await portfolio(post.scene.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    assert await post.scene.flows.sessions.recall(token) is None
    with pytest.raises(ChallengeGone):
        await post.scene.flows.challenges.answer(visit, begun.id, phone.code(post.clock))
    assert (await post.scene.events())[0] == "authenticator.disowned"
    assert (await post.notices())[-1].subject == "factor_suspended"


@pytest.mark.conforms("NIST-BINAE-10")
async def test_of_a_removed_one_only_the_sessions_end(post: Post) -> None:
    """The link about a removal shows nothing suspended, and nobody signed in any more."""
    visit, phone = await post.scene.enroll()
    visit, second = await post.scene.add_second(visit, phone)
    which = await post.scene.first_of()
    visit = await post.scene.prove(visit, second, action=removing(which))
    await post.scene.flows.management.remove(visit, which)
    link = (await links(post))[-1]
    assert not (await post.scene.flows.disowning.look(link)).stops
    await post.scene.flows.disowning.disown(link)
    (held,) = await post.scene.held()
    assert held.status is AuthenticatorStatus.ACTIVE
    assert await post.scene.flows.sessions.of(visit) == ()


async def test_a_link_works_once(post: Post) -> None:
    """A link used again shows no such link, and the person signed in since then stays so."""
    await post.scene.enroll()
    (link,) = await links(post)
    await post.scene.flows.disowning.disown(link)
    _, token = await post.scene.enter()
    with pytest.raises(NotFound, match="no such link"):
        await post.scene.flows.disowning.disown(link)
    assert await post.scene.flows.sessions.recall(token) is not None
    stopped = [mail for mail in await post.notices() if mail.subject == "factor_suspended"]
    assert len(stopped) == 1


async def test_links_are_tried_only_so_often(post: Post) -> None:
    """Whoever got hold of a link shows that it cannot keep the store busy for ever."""
    await post.scene.enroll()
    (link,) = await links(post)
    await post.scene.flows.disowning.disown(link)
    for _ in range(9):
        with pytest.raises(NotFound):
            await post.scene.flows.disowning.disown(link)
    with pytest.raises(TooManyAttempts):
        await post.scene.flows.disowning.disown(link)


@pytest.mark.threat(41, 58)
async def test_every_bad_link_gets_one_answer(post: Post) -> None:
    """THREATS 41, 58: links that are old, changed, another's, made up or empty show the same."""
    await post.scene.enroll()
    await post.scene.enroll(GRACE)
    hers = await post.scene.first_of(person=GRACE)
    (link,), (other,) = await links(post), await links(post, "grace@x.test")
    which, until, tag = link.split(".")
    later = f"{int(until, 16) + 1:x}"
    bad = ["", ".", "..", which, f"{which}.{until}", f"{which}.{later}.{tag}"]
    bad += [f"{hers}.{until}.{tag}", f"{which}.{until}.{other.split('.')[2]}", f"x.{until}.{tag}"]
    bad += [f"{which}.{until}.{tag}x", f"{which}.zz.{tag}", "\u0000", "é.é.é"]
    for token in bad:
        for use in (post.scene.flows.disowning.look, post.scene.flows.disowning.disown):
            with pytest.raises(NotFound, match="no such link"):
                await use(token)
    post.clock.travel(days=6, hours=23)
    await post.scene.flows.disowning.look(link)
    post.clock.travel(hours=2)
    with pytest.raises(NotFound, match="no such link"):
        await post.scene.flows.disowning.look(link)
