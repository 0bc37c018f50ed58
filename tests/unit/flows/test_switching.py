"""Whether a person's factors count."""

import pytest

from sidecar.core.api_errors import PreconditionFailed
from sidecar.core.errors import Conflict, NotFound
from sidecar.core.messages import Contact
from sidecar.flows.switching import Switching, Wanted
from tests.unit.flows.scene import ADA, GRACE, Scene

MAIL = Contact("email", "ada@x.test")


@pytest.fixture
def switching(here: Scene) -> Switching:
    return Switching(here.store, here.clock)


async def test_a_person_is_configured_once(switching: Switching) -> None:
    """A first configuration shows as it was wanted; a second one shows a conflict."""
    done = await switching.create(ADA, Wanted(required=True, contacts=(MAIL,)), "api:shop")
    assert (done.account.enabled, done.account.required, done.account.version) == (True, True, 1)
    assert [one.contact for one in done.addresses] == [MAIL]
    with pytest.raises(Conflict):
        await switching.create(ADA, Wanted(), "api:shop")
    assert await switching.read(ADA) == done or (await switching.read(ADA)).account == done.account


async def test_whoever_was_here_can_still_be_configured(here: Scene, switching: Switching) -> None:
    """A person whom the pages met first shows no conflict."""
    await here.people.invite(ADA, "desk")
    assert (await switching.create(ADA, Wanted(), "api:shop")).account.version == 1


async def test_a_change_of_what_was_read_before_is_refused(switching: Switching) -> None:
    """Of two who change what they read, the second shows that the first was there."""
    await switching.create(ADA, Wanted(), "api:shop")
    await switching.change(ADA, Wanted(required=True), "api:shop", version=1)
    with pytest.raises(PreconditionFailed):
        await switching.change(ADA, Wanted(enabled=False), "api:shop", version=1)
    found = (await switching.read(ADA)).account
    assert (found.enabled, found.required, found.version) == (True, True, 2)
    done = await switching.change(GRACE, Wanted(), "api:shop")
    assert done.new


async def test_switching_off_ends_what_was_proven(here: Scene, switching: Switching) -> None:
    """A disabled person shows no session any more; enabling shows their factors as they were."""
    visit, _ = await here.enroll()
    await switching.switch(ADA, "api:shop", on=False, reason="stolen")
    dossier = await here.people.show(ADA)
    assert dossier.sessions == ()
    assert [item.usable for item in dossier.authenticators] == [True]
    with pytest.raises(NotFound):
        await here.flows.challenges.begin((await here.enter())[0], "totp")
    await switching.switch(ADA, "api:shop", on=True)
    await here.flows.challenges.begin((await here.enter())[0], "totp")
    events = {(one.name, one.actor) for one in (await here.people.show(ADA)).events}
    assert ("person.configured", "api:shop") in events
    assert visit.person == ADA


async def test_nobody_is_switched_whom_nobody_knows(switching: Switching) -> None:
    """An unknown person shows that there is nothing to read or to switch."""
    with pytest.raises(NotFound):
        await switching.read(ADA)
    with pytest.raises(NotFound):
        await switching.switch(ADA, "api:shop", on=False)
