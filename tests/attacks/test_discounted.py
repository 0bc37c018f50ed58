"""What a profile counts for nothing changes nothing of what counts (ASVS 6.3.6).

The thief of each test knows the password and reads the person's mail; nothing else.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict, StepUpRequired
from sidecar.core.model import AuthenticatorStatus, Level
from sidecar.flows.admission import adding
from sidecar.flows.kit import FirstEnrollment
from sidecar.flows.manage import removing
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Phone, Scene, quick_folder, scene, secret_of, watched
from tests.world import world

pytestmark = pytest.mark.conforms("ASVS-6.3.6")


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    """Run a process where `mail` counts for nothing, as email does in every strict profile."""
    factors = {name: watched("totp") for name in ("totp", "mail")}
    first = FirstEnrollment("invited", hold=timedelta(hours=24))
    with quick_folder() as folder:
        discounted = frozenset({"mail"})
        async with scene(folder, factors=factors, discounted=discounted, first=first) as made:
            yield made


async def owned(here: Scene) -> tuple[Visit, Phone, Phone]:
    """Return the owner's visit, her phone, and what opens her mail."""
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("mail"))
    begun = await here.flows.enrollments.begin(visit, "mail", {})
    mail = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, mail.code(here.clock))
    return visit, phone, mail


async def answered(here: Scene, visit: Visit, factor: str, phone: Phone, *, action: str) -> Visit:
    here.clock.travel(seconds=30)
    begun = await here.flows.challenges.begin(visit, factor, action=action)
    entered = await here.flows.challenges.answer(visit, begun.id, phone.code(here.clock))
    return replace(visit, session=entered.session)


async def test_the_mail_adds_no_factor_to_those_of_its_owner(here: Scene) -> None:
    """Codes from her mail, given for exactly that, show the thief no new factor: not even one
    that would count after a day. The owner's own proof adds one.
    """
    owner, phone, mail = await owned(here)
    thief, _ = await here.enter()
    thief = await answered(here, thief, "mail", mail, action=adding("totp"))
    with pytest.raises(StepUpRequired):
        await here.flows.enrollments.begin(thief, "totp", {})
    owner = await answered(here, owner, "totp", phone, action=adding("totp"))
    await here.flows.enrollments.begin(owner, "totp", {})


async def test_the_mail_takes_no_factor_away(here: Scene) -> None:
    """Codes from her mail, given for exactly that, show a thief no removal: neither of the only
    factor that rules count, nor, where she has two, of one of them.
    """
    owner, phone, mail = await owned(here)
    which = await here.first_of("totp")
    thief, _ = await here.enter()
    thief = await answered(here, thief, "mail", mail, action=removing(which))
    with pytest.raises((Conflict, StepUpRequired)):
        await here.flows.management.remove(thief, which)
    owner, _ = await here.add_second(owner, phone)
    thief, _ = await here.enter()
    thief = await answered(here, thief, "mail", mail, action=removing(which))
    with pytest.raises(StepUpRequired):
        await here.flows.management.remove(thief, which)
    assert all(item.status is AuthenticatorStatus.ACTIVE for item in await here.held())


async def test_an_old_proof_of_the_owner_lends_the_mail_no_weight(here: Scene) -> None:
    """Her unlocked browser, an hour after she proved, shows that the mail alone still does not
    do: the second factor is asked for anew.
    """
    owner, _, mail = await owned(here)
    here.clock.travel(minutes=50)
    owner = await answered(here, owner, "mail", mail, action=adding("totp"))
    with pytest.raises(StepUpRequired):
        await here.flows.enrollments.begin(owner, "totp", {})


async def test_the_last_that_counts_stays(here: Scene) -> None:
    """The owner herself shows that she cannot remove the only one that rules count, although the
    mail would be left; the mail she can.
    """
    owner, phone, _ = await owned(here)
    which = await here.first_of("totp")
    owner = await answered(here, owner, "totp", phone, action=removing(which))
    with pytest.raises(Conflict, match="last"):
        await here.flows.management.remove(owner, which)
    which = await here.first_of("mail")
    owner = await answered(here, owner, "totp", phone, action=removing(which))
    await here.flows.management.remove(owner, which)
    assert [item.factor for item in await here.held()] == ["totp"]


async def test_a_stricter_profile_leaves_a_way_on(here: Scene) -> None:
    """Somebody who has the mail alone, since before the profile, shows that a factor is added
    with it, and that it counts for no more than the mail until the hold is over.
    """
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    begun = await here.flows.enrollments.begin(visit, "mail", {}, invitation=code)
    mail = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, mail.code(here.clock))
    visit = await answered(here, visit, "mail", mail, action=adding("totp"))
    begun = await here.flows.enrollments.begin(visit, "totp", {})
    phone = Phone(secret_of(begun.prompt))
    await here.flows.enrollments.finish(visit, begun.id, phone.code(here.clock))
    assert (await portfolio(here.kit, ADA)).worth["totp"] is Level.ONE_FACTOR
    here.clock.travel(hours=25)
    assert (await portfolio(here.kit, ADA)).worth["totp"] is Level.TWO_FACTOR


async def test_newcomers_begin_with_what_counts(tmp_path: Path) -> None:
    """The first page of a strict profile shows what rules count, and no email: whoever began with
    that would be kept out for the hold of the next.
    """
    changes = {
        "profile": "asvs-l3",
        "enrollment": {"first": "invited", "hold": "24h"},
        "session": {"idle": "15m", "lifetime": "12h"},
        "transports": {"post": {"plugin": "smtp", "host": "mail.test", "sender": "a@app.test"}},
        "factors": {
            "totp": {"issuer": "Shop", "window": 0, "max_drift": 0},
            "webauthn": {"rp_id": "app.test", "rp_name": "Shop"},
            "email": {"transport": "post"},
        },
    }
    async with world(tmp_path, changes=changes) as place:
        ada = place.visitor()
        await ada.sign_in()
        page = await ada.open("/")
        offered = re.findall(r'name="factor" value="(\w+)"', page.text)
        assert set(offered) == {"totp", "webauthn"}
