"""What an operator may do to what a person has set up."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sidecar.core.errors import ChallengeGone, Conflict, NotFound
from sidecar.core.model import AuthenticatorId, AuthenticatorStatus, Standing
from sidecar.flows.holdings import Change, Holdings
from sidecar.flows.portfolio import portfolio
from tests.unit.flows.scene import ADA, GRACE, Scene
from tests.unit.flows.sending import Post

STOP, GO = Change(suspended=True), Change(suspended=False)
BY = "api:desk"


def holdings_of(here: Scene) -> Holdings:
    return Holdings(here.store, here.clock, here.flows.sessions.catch_up)


async def test_everything_is_listed_and_nobody_has_nothing(here: Scene) -> None:
    """A person's app shows in the list and alone; somebody unknown shows an empty one."""
    await here.enroll()
    (found,) = await holdings_of(here).of(ADA)
    assert found == await holdings_of(here).get(ADA, found.id)
    assert await holdings_of(here).of(GRACE) == ()


Call = Callable[[Holdings, AuthenticatorId], Awaitable[object]]


@pytest.mark.threat(35)
@pytest.mark.parametrize(
    "call",
    [
        lambda holdings, which: holdings.get(GRACE, which),
        lambda holdings, which: holdings.change(GRACE, which, STOP, BY),
        lambda holdings, which: holdings.approve(GRACE, which, BY),
        lambda holdings, which: holdings.resume(GRACE, which, BY),
        lambda holdings, which: holdings.remove(GRACE, which, BY),
    ],
)
async def test_another_persons_is_not_there(here: Scene, call: Call) -> None:
    """THREATS 35: an id under another person's name shows the same as no id at all, and changes
    nothing.
    """
    await here.enroll()
    (mine,) = await here.held()
    for which in (mine.id, AuthenticatorId("none")):
        with pytest.raises(NotFound, match="no such authenticator"):
            await call(holdings_of(here), which)
    assert await here.held() == (mine,)


async def test_what_is_suspended_signs_out_and_comes_back(here: Scene) -> None:
    """A suspended app shows no session, no open challenge and a person in need of recovery; let
    work again, it is as before. The trail shows who did it.
    """
    visit, phone = await here.enroll()
    begun = await here.flows.challenges.begin(visit, "totp")
    which = await here.first_of()
    stopped = await holdings_of(here).change(ADA, which, STOP, BY)
    assert stopped.status is AuthenticatorStatus.SUSPENDED
    assert (await here.people.show(ADA)).sessions == ()
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock, ahead=1))
    assert (await holdings_of(here).change(ADA, which, GO, BY)).usable
    acts = (await here.people.show(ADA)).events[:2]
    assert [(act.name, act.actor) for act in acts] == [
        ("authenticator.resumed", BY),
        ("authenticator.suspended", BY),
    ]


async def test_what_is_so_already_stays(here: Scene) -> None:
    """Asking twice for the same shows the same answer and one act in the trail."""
    await here.enroll()
    which, before = await here.first_of(), len(await here.events())
    assert (await holdings_of(here).change(ADA, which, GO, BY)).usable
    assert (await holdings_of(here).change(ADA, which, Change("totp"), BY)).name == "totp"
    assert (await holdings_of(here).change(ADA, which, Change(), BY)).usable
    assert len(await here.events()) == before
    for _ in range(2):
        found = await holdings_of(here).change(ADA, which, STOP, BY)
        assert found.status is AuthenticatorStatus.SUSPENDED
    assert len(await here.events()) == before + 1


@pytest.mark.conforms("NIST-RL-4")
@pytest.mark.parametrize(
    ("occasion", "why"), [("disable", "disabled for good"), ("expire", "expired for")]
)
async def test_what_is_over_does_not_come_back(here: Scene, occasion: str, why: str) -> None:
    """A disabled or expired app shows that it can neither be let work, with the reason and the way
    out, nor be suspended; it can be renamed and removed.
    """
    await here.enroll()
    await here.move(occasion)
    which = await here.first_of()
    for call in (
        holdings_of(here).change(ADA, which, GO, BY),
        holdings_of(here).resume(ADA, which, BY),
    ):
        with pytest.raises(Conflict, match=f"{why}.*remove it and set up another"):
            await call
    with pytest.raises(Conflict, match="nothing to suspend"):
        await holdings_of(here).change(ADA, which, STOP, BY)
    assert (await holdings_of(here).change(ADA, which, Change("Lost"), BY)).name == "Lost"
    await holdings_of(here).remove(ADA, which, BY)
    assert await here.held() == ()


async def test_all_is_changed_or_nothing(here: Scene) -> None:
    """A new name beside a state that cannot be shows the old name, and nothing in the trail."""
    await here.enroll()
    await here.move("disable")
    which, before = await here.first_of(), await here.events()
    with pytest.raises(Conflict):
        await holdings_of(here).change(ADA, which, Change("New", suspended=False), BY)
    assert (await holdings_of(here).get(ADA, which)).name == "totp"
    assert await here.events() == before


async def test_a_name_is_tidied(here: Scene) -> None:
    """A name with odd spaces shows its tidy form, and an app that works as before."""
    await here.enroll()
    which = await here.first_of()
    found = await holdings_of(here).change(ADA, which, Change("  Desk \t phone "), BY)
    assert (found.name, found.usable) == ("Desk phone", True)
    assert (await here.events())[0] == "authenticator.renamed"


async def test_removing_the_last_one_opens_no_door(here: Scene) -> None:
    """A person whose only app an operator removed shows no session and a need of recovery, never a
    first enrollment (promise 10).
    """
    visit, _ = await here.enroll()
    await holdings_of(here).remove(ADA, await here.first_of(), BY)
    assert (await portfolio(here.kit, ADA)).standing is Standing.RECOVERY_NEEDED
    assert await here.flows.sessions.of(visit) == ()
    assert (await here.events())[0] == "authenticator.removed"


async def test_only_what_is_suspended_is_resumed(here: Scene) -> None:
    """An app that works shows that there is nothing to resume, and nothing to approve."""
    await here.enroll()
    which = await here.first_of()
    with pytest.raises(Conflict, match="it is not suspended"):
        await holdings_of(here).resume(ADA, which, BY)
    with pytest.raises(Conflict, match="it is not held"):
        await holdings_of(here).approve(ADA, which, BY)


@pytest.mark.conforms("ASVS-6.3.7")
async def test_each_change_is_told(post: Post) -> None:
    """Stopped, let work and removed by an operator show a mail each, that names the method, also
    to the address that goes with it.
    """
    visit = await post.confirmed()
    which, holdings = await post.scene.first_of("sms"), holdings_of(post.scene)
    await holdings.change(visit.person, which, Change("Work phone", suspended=True), BY)
    await holdings.change(visit.person, which, GO, BY)
    await holdings.remove(visit.person, which, BY)
    post.clock.travel(seconds=5)
    letters = await post.notices()
    assert sorted(letter.subject for letter in letters) == [
        "authenticator_removed",
        "authenticator_resumed",
        "authenticator_suspended",
    ]
    assert all("Text message" in letter.text for letter in letters)
    assert all("/disown" not in letter.text for letter in letters)
    assert len(post.texts.letters) == 3


async def test_one_of_twenty_removes_it(here: Scene) -> None:
    """Twenty removals at once show one that found it, one act and one sign-out."""
    await here.enroll()
    which, holdings = await here.first_of(), holdings_of(here)
    calls = (holdings.remove(ADA, which, BY) for _ in range(20))
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in found if one is not None] == [NotFound] * 19
    assert (await here.events()).count("authenticator.removed") == 1
