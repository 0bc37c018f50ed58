"""After a leak no shared secret proves anything, and nobody gets a new one for a password alone."""

import pytest

from sidecar.core.directory import Span
from sidecar.core.errors import NotFound, RecoveryNeeded
from sidecar.core.model import AuthenticatorStatus, Person, Standing
from sidecar.flows import leaked as module
from sidecar.flows.leaked import Leaked, Revoked
from sidecar.flows.portfolio import portfolio
from tests.posts import MAILBOX
from tests.unit.flows.scene import ADA, GRACE, Scene
from tests.unit.flows.sending import Post
from tests.unit.flows.test_signed_in import outs

BY = "operator:desk"
EVE = Person("shop", "eve")


def leaked(here: Scene) -> Leaked:
    return Leaked(here.store, here.clock, outs(here), spared=["sms"])


async def revoke(here: Scene, factor: str = "") -> Revoked:
    return await leaked(here).revoke(BY, lambda _done, _text: None, factor=factor)


async def standing(here: Scene, person: Person) -> Standing:
    return (await portfolio(here.kit, person)).standing


async def test_everybody_with_a_seed_needs_recovery(here: Scene) -> None:
    """Two people with apps, one of whom has spare codes, show who is left with what; the seed's
    next code is no answer, and a password sets nothing up.
    """
    ada, phone = await here.enroll()
    await here.spare(ada, phone)
    await here.enroll(GRACE)
    _, token = await here.enter(GRACE)
    assert await leaked(here).count() == 2
    done = await revoke(here)
    assert (done.people, done.authenticators, done.stranded) == (2, 2, 1)
    assert await leaked(here).count() == 0
    assert await here.flows.sessions.recall(token) is None
    assert await standing(here, GRACE) is Standing.RECOVERY_NEEDED
    assert (await portfolio(here.kit, ADA)).usable == ("backup_codes",)
    visit, _ = await here.enter()
    with pytest.raises(NotFound):
        await here.prove(visit, phone)
    stranger, _ = await here.enter(GRACE)
    with pytest.raises(RecoveryNeeded):
        await here.flows.enrollments.begin(stranger, "totp", {})


async def test_an_address_is_no_seed(post: Post) -> None:
    """Codes by message show untouched, whatever else is revoked, and both people are told."""
    here = post.scene
    await post.confirmed(ADA)
    await here.enroll(GRACE)
    for person in (ADA, GRACE):
        await post.reach(MAILBOX, person=person)
    assert (await revoke(here)).authenticators == 1
    assert await standing(here, ADA) is Standing.ENROLLED
    here.clock.travel(minutes=1)
    stopped = [one.to for one in await post.notices() if "stopped a sign-in method" in one.text]
    assert MAILBOX.to in stopped
    async with here.store.read() as tx:
        [event] = await tx.directory.events(Span(name="authenticator.disabled"), 10)
    assert (event.event.person, event.event.actor) == (GRACE, BY)
    assert event.event.details == {"factor": "totp", "reason": "leaked"}


async def test_it_goes_on_where_it_was_interrupted(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies after its first batch shows the second one finding the rest."""
    monkeypatch.setattr(module, "AT_A_TIME", 1)
    for person in (ADA, GRACE, EVE):
        await here.enroll(person)

    def die(done: int, _text: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await leaked(here).revoke(BY, die)
    assert await leaked(here).count() == 2
    assert (await revoke(here)).people == 2
    for person in (ADA, GRACE, EVE):
        assert await standing(here, person) is Standing.RECOVERY_NEEDED


async def test_one_factor_can_be_named(here: Scene) -> None:
    """Another factor's seeds show untouched; a seed that was suspended, or never confirmed, shows
    that it comes back no more.
    """
    await here.enroll()
    await here.move("suspend")
    assert (await revoke(here, "pad")).authenticators == 0
    assert (await revoke(here, "totp")).authenticators == 1
    async with here.store.read() as tx:
        [found] = await tx.authenticators.of(ADA)
    assert found.status is AuthenticatorStatus.DISABLED
