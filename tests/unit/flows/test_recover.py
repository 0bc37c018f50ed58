"""A person who lost every factor is helped by two."""

import asyncio
from datetime import timedelta

import pytest

from sidecar.core.clients import ApiClient, ClientId
from sidecar.core.errors import AccessDenied, Conflict, InvitationNeeded, NotFound
from sidecar.core.messages import Contact
from sidecar.core.model import Standing
from sidecar.core.recoveries import RecoveryId, RecoveryRequest, RecoveryStatus
from sidecar.flows.portfolio import portfolio
from sidecar.flows.recover import REQUEST_LIFE, Decided, Recovery
from sidecar.flows.switching import Switching
from tests.unit.flows.scene import ADA, GRACE, Scene
from tests.unit.flows.sending import Post

DESK, CHIEF, OTHER = (
    ApiClient(ClientId(name), name, frozenset()) for name in ("desk", "chief", "other")
)
MAIL = Contact("email", "ada@x.test")


@pytest.fixture
def recovery(here: Scene) -> Recovery:
    return Recovery(here.store, here.clock)


async def asked(recovery: Recovery) -> RecoveryRequest:
    return await recovery.request(ADA, DESK, "lost phone")


async def test_two_let_somebody_begin_anew(here: Scene, recovery: Recovery) -> None:
    """An approved request shows a person who has nothing, is signed out, and whom the invitation
    alone lets set up a factor; nothing had changed before.
    """
    await here.enroll()
    before = await here.held()
    request = await asked(recovery)
    assert (await here.held(), request.status) == (before, RecoveryStatus.PENDING)
    assert request.expires_at - here.clock() == timedelta(hours=24)
    done = await recovery.decide(request.id, CHIEF, approve=True, note="called back")
    assert (done.request.status, done.removed) == (RecoveryStatus.APPROVED, 1)
    assert (await here.people.show(ADA)).sessions == ()
    assert (await portfolio(here.kit, ADA)).standing is Standing.NEVER_ENROLLED
    here.clock.travel(seconds=30)
    visit, _ = await here.enter()
    with pytest.raises(InvitationNeeded):
        await here.flows.enrollments.begin(visit, "totp", {})
    await here.flows.enrollments.begin(visit, "totp", {}, invitation=done.invitation)
    told = {(one.name, one.actor): one.details for one in (await here.people.show(ADA)).events}
    assert told["recovery.requested", "api:desk"]["reason"] == "lost phone"
    assert told["recovery.approved", "api:chief"]["note"] == "called back"
    assert ("person.reset", "api:chief") in told
    assert done.invitation not in repr(told)
    assert done.invitation not in repr(done)


@pytest.mark.parametrize("approve", [True, False])
async def test_nobody_decides_what_they_asked_for(
    here: Scene, recovery: Recovery, *, approve: bool
) -> None:
    """The client that asked shows refused, and the request waits for another."""
    await here.enroll()
    request = await asked(recovery)
    with pytest.raises(AccessDenied):
        await recovery.decide(request.id, DESK, approve=approve)
    assert len(await here.held()) == 1
    assert (await recovery.decide(request.id, CHIEF, approve=True)).removed == 1


@pytest.mark.threat(41)
async def test_a_second_token_is_no_second_client(here: Scene, recovery: Recovery) -> None:
    """THREATS 41: another token of the same name shows refused as the one that asked is."""
    await here.enroll()
    request = await asked(recovery)
    renewed = ApiClient(ClientId("renewed"), DESK.name, frozenset())
    with pytest.raises(AccessDenied):
        await recovery.decide(request.id, renewed, approve=True)
    assert len(await here.held()) == 1
    assert (await recovery.decide(request.id, CHIEF, approve=True)).removed == 1


async def test_what_is_denied_stays_so(here: Scene, recovery: Recovery) -> None:
    """A denied request shows nothing changed and no invitation, and cannot be approved after."""
    await here.enroll()
    request = await asked(recovery)
    done = await recovery.decide(request.id, CHIEF, approve=False)
    assert (done.request.status, done.invitation, done.removed) == (RecoveryStatus.DENIED, "", 0)
    assert len(await here.held()) == 1
    with pytest.raises(NotFound):
        await recovery.decide(request.id, OTHER, approve=True)


async def test_what_does_not_wait_cannot_be_decided(here: Scene, recovery: Recovery) -> None:
    """A request that never was, one superseded by a newer, one too old, and one decided show the
    same answer, also to whoever asked.
    """
    first = await asked(recovery)
    second = await asked(recovery)
    for which in (RecoveryId("never"), first.id):
        for by in (CHIEF, DESK):
            with pytest.raises(NotFound):
                await recovery.decide(which, by, approve=True)
    here.clock.now += REQUEST_LIFE - timedelta(seconds=1)
    third = await recovery.request(GRACE, DESK, "lost")
    await recovery.decide(second.id, CHIEF, approve=True)
    here.clock.now += REQUEST_LIFE
    for gone in (second.id, third.id):
        with pytest.raises(NotFound):
            await recovery.decide(gone, OTHER, approve=True)


async def test_a_request_is_decided_once(here: Scene, recovery: Recovery) -> None:
    """Twenty approvals at once show one that won, and one invitation that opens."""
    await here.enroll()
    request = await asked(recovery)

    async def one(number: int) -> Decided | None:
        by = ApiClient(ClientId(f"chief-{number}"), "chief", frozenset())
        try:
            return await recovery.decide(request.id, by, approve=True)
        except NotFound:
            return None

    answers = await asyncio.gather(*(one(number) for number in range(20)))
    assert len([done for done in answers if done is not None]) == 1


async def test_nobody_learns_who_is_known(here: Scene, recovery: Recovery) -> None:
    """A request for somebody unknown shows as any other, and approved invites them as newcomers."""
    request = await asked(recovery)
    done = await recovery.decide(request.id, CHIEF, approve=True)
    assert (done.request.status, done.removed) == (RecoveryStatus.APPROVED, 0)
    visit, _ = await here.enter()
    await here.flows.enrollments.begin(visit, "totp", {}, invitation=done.invitation)


async def test_whoever_is_switched_off_is_switched_on_first(
    here: Scene, recovery: Recovery
) -> None:
    """A request for somebody disabled shows that it cannot be approved while they are, changes
    nothing by that, and can be once they are enabled.
    """
    await here.enroll()
    switching = Switching(here.store, here.clock)
    await switching.switch(ADA, "desk", on=False)
    request = await asked(recovery)
    with pytest.raises(Conflict):
        await recovery.decide(request.id, CHIEF, approve=True)
    assert len(await here.held()) == 1
    await switching.switch(ADA, "desk", on=True)
    assert (await recovery.decide(request.id, CHIEF, approve=True)).removed == 1


async def test_the_person_is_told(post: Post) -> None:
    """An approved request shows a letter to every address that the person had."""
    await post.scene.enroll()
    await post.notices()
    await post.reach(MAIL)
    post.mail.letters.clear()
    recovery = Recovery(post.scene.store, post.clock)
    request = await recovery.request(ADA, DESK, "lost phone")
    await recovery.decide(request.id, CHIEF, approve=True)
    post.clock.travel(seconds=5)
    await post.notices()
    assert [one.subject for one in post.mail.letters if one.to == MAIL.to] == ["person_reset"]
