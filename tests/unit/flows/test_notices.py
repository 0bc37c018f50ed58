"""Every change is told to every address of the person, in the transaction that makes it."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict, ResponseRejected
from sidecar.core.messages import Contact
from sidecar.core.model import Person
from sidecar.core.outbox import STATED, Address
from sidecar.flows.budgets import NOTICES_DAILY
from sidecar.flows.everybody import Everybody
from sidecar.flows.manage import removing
from sidecar.flows.notices import undoing
from sidecar.flows.switching import Switching
from tests.unit.flows.scene import ADA, GRACE
from tests.unit.flows.sending import NUMBER, Post, posting

OLD = Contact("email", "old@x.test")
MINE = "ada@x.test"


async def subjects(post: Post, to: str = MINE) -> list[str]:
    """Return the subjects of the mails that went to an address."""
    return sorted(letter.subject for letter in await post.notices() if letter.to == to)


@pytest.mark.conforms("ASVS-6.3.7", "NIST-BAA-3")
async def test_each_change_is_told_everywhere(post: Post) -> None:
    """Setting up, spare codes, one more and removal show a mail each, at both addresses, with a
    link to undo it at the one that was known first.
    """
    await post.reach(OLD)
    post.clock.travel(seconds=1)
    visit, phone = await post.scene.enroll()
    await post.scene.spare(visit, phone)
    visit, _ = await post.scene.add_second(visit, phone)
    which = await post.scene.first_of("backup_codes")
    visit = await post.scene.prove(visit, phone, action=removing(which))
    await post.scene.flows.management.remove(visit, which)
    added = "authenticator_added"
    told = [added, added, "authenticator_removed", "codes_made"]
    assert await subjects(post) == told
    assert await subjects(post, OLD.to) == told
    for letter in post.mail.letters:
        linked = letter.to == OLD.to
        assert ("https://shop.example.com/_sidecar/disown?t=" in letter.text) is linked
        assert ("https://shop.example.com/_sidecar/disown?t=" in letter.html) is linked


@pytest.mark.conforms("ASVS-6.3.7")
async def test_what_was_guessed_at_is_told(post: Post) -> None:
    """The hundredth wrong code in a row shows a mail that the factor is switched off."""
    _, phone = await post.scene.enroll()
    await post.notices()
    post.mail.letters.clear()
    await post.scene.fail_often(50, known=True)
    await post.scene.fail_often(48)
    for asked in (await post.scene.enter(), await post.scene.enter(known=True)):
        post.clock.travel(minutes=4)
        with pytest.raises(ResponseRejected):
            await post.scene.fail(asked[0], phone)
    assert await subjects(post) == ["authenticator_disabled"]
    assert "disown" not in post.mail.letters[0].text


async def test_a_held_authenticator_says_until_when(post: Post) -> None:
    """An authenticator on hold shows a mail that names the end of the hold."""
    visit, _ = await post.scene.enroll()
    (held,) = await post.scene.held()
    held = replace(held, held_until=post.clock() + timedelta(hours=24))
    post.mail.letters.clear()
    async with post.scene.store.begin() as tx:
        posts = await post.scene.flows.notices.added(tx, visit, held, contact=None, spare=False)
    await post.scene.flows.notices.send(posts)
    assert "authenticator_held" in await subjects(post)
    assert "May 7, 2031, 12:00" in "".join(letter.text for letter in post.mail.letters)


@pytest.mark.conforms("NIST-BAA-3", "NIST-ANOT-2")
async def test_a_confirmed_number_gets_notices(post: Post) -> None:
    """A number that was confirmed shows up as verified, and gets a text about the next change."""
    visit = await post.confirmed()
    async with post.scene.store.read() as tx:
        found = await tx.contacts.of(ADA)
    (which,) = {item.id for item in await post.scene.held()}
    assert Address(Contact("sms", NUMBER), which, verified=True) in found
    assert Address(Contact("email", MINE), STATED, verified=False) in found
    async with post.scene.store.begin() as tx:
        posts = await post.scene.flows.notices.tell(tx, visit, "codes_made")
    await post.scene.flows.notices.send(posts)
    await post.notices()
    (letter,) = post.texts.letters
    assert letter.text.startswith("Shop: ")


async def test_a_removed_numbers_address_goes_if_another_is_verified(post: Post) -> None:
    """Removing the only confirmed number shows that notices still go there."""
    visit = await post.confirmed()
    (held,) = await post.scene.held()
    begun = await post.scene.flows.challenges.begin(visit, "sms", action=removing(held.id))
    entered = await post.answer(visit, begun)
    visit = replace(visit, session=entered.session)
    with pytest.raises(Conflict):  # the last one stays; its address, too
        await post.scene.flows.management.remove(visit, held.id)
    async with post.scene.store.read() as tx:
        assert len(await tx.contacts.of(ADA)) == 2


async def test_a_flood_of_notices_ends(post: Post) -> None:
    """More changes in a day than anybody makes show that mails stop, and the changes do not."""
    await post.scene.enter()
    visit = post.scene.stranger()
    for _ in range(NOTICES_DAILY + 5):
        async with post.scene.store.begin() as tx:
            await post.scene.flows.notices.tell(tx, visit, "codes_made")
    post.clock.travel(seconds=5)
    for _ in range(3):
        await post.notices()
    assert len(post.mail.letters) == NOTICES_DAILY


async def test_notices_use_up_no_codes(post: Post) -> None:
    """Notices to a number show that codes to it are still sent."""
    visit = await post.confirmed()
    for _ in range(20):
        async with post.scene.store.begin() as tx:
            await post.scene.flows.notices.tell(tx, visit, "codes_made")
    await post.begin(visit)


async def test_what_nothing_carries_is_left_out(folder: Path) -> None:
    """Without any transport a change shows no notice, and is made all the same."""
    async with posting(folder, transports={}) as post:
        await post.scene.enroll()
        async with post.scene.store.begin() as tx:
            assert await post.scene.flows.notices.tell(tx, post.scene.stranger(), "x") == ()


async def test_a_notice_is_one_with_the_change(post: Post) -> None:
    """A change that is rolled back shows no notice of it."""
    await post.scene.enter(GRACE)
    with suppress(LookupError):
        async with post.scene.store.begin() as tx:
            await post.scene.flows.notices.tell(tx, post.scene.stranger(GRACE), "codes_made")
            raise LookupError
    assert await post.notices() == []


async def test_a_mail_server_that_is_down_stops_no_change(post: Post) -> None:
    """A transport that is broken shows an enrollment that succeeds."""
    post.mail.broken = ValueError("down")
    visit, _ = await post.scene.enroll()
    assert visit.require_session().proofs


@pytest.mark.conforms("NIST-ACCRN-1", "NIST-ANOT-2", "ASVS-6.3.7")
async def test_a_reset_by_an_operator_is_told(post: Post) -> None:
    """A reset from the command line, which carries nothing, shows a mail at each address that the
    person had, once a process that carries messages finds it.
    """
    await post.reach(OLD)
    await post.scene.enroll()
    await post.notices()
    post.mail.letters.clear()
    await post.scene.people.reset(ADA, "desk", "lost phone")
    post.clock.travel(seconds=5)
    assert await subjects(post) == ["person_reset"]
    assert await subjects(post, OLD.to) == ["person_reset"]


@pytest.mark.threat(60)
async def test_a_notice_goes_to_named_regions_alone(post: Post) -> None:
    """THREATS 60: a number that the application states, of a country that is not named, shows
    that not even an operator's act sends it anything.
    """
    await post.reach(Contact("sms", "+33612345678"), Contact("sms", NUMBER))
    await post.scene.people.reset(ADA, "desk", "lost phone")
    post.clock.travel(seconds=5)
    await post.notices()
    assert [letter.to for letter in post.texts.letters] == [NUMBER]


@pytest.mark.threat(57)
def test_who_may_undo() -> None:
    """THREATS 57: verified addresses, and the first that was stated of each channel, show that they
    alone get the link: no later one can stop what the owner sets up, and none keep it from them.
    """
    first, later = (Address(Contact("email", f"{n}@x.test"), STATED, verified=False) for n in "ab")
    phone = Address(Contact("sms", NUMBER), STATED, verified=False)
    mine = Address(Contact("email", "mine@x.test"), "a1", verified=True)
    assert undoing((first, later, phone)) == (first, phone)
    assert undoing((mine, first, later, phone)) == (mine, first, phone)
    assert undoing((mine,)) == (mine,)
    assert undoing(()) == ()


@pytest.mark.threat(38)
async def test_a_new_name_keeps_nothing_from_anybody(post: Post) -> None:
    """THREATS 38: somebody who is reset, and renamed before the notice of it went out, shows told
    of both.
    """
    await post.scene.enroll()
    await post.notices()
    await post.reach(OLD)
    everybody = Everybody(post.scene.store, post.clock)
    await post.scene.people.reset(ADA, "desk", "lost phone")
    await everybody.rename(ADA, Person("shop", "eve"), "api:desk")
    post.clock.travel(seconds=5)
    assert await subjects(post, OLD.to) == ["person_renamed", "person_reset"]


@pytest.mark.threat(60)
async def test_operators_acts_are_bounded_too(post: Post) -> None:
    """THREATS 60: somebody who is switched off and on thirty times within the hour shows as many
    text messages as a number may get in a day, and no more mails than a person may.
    """
    await post.scene.enroll()
    await post.notices()
    await post.reach(Contact("sms", NUMBER), OLD)
    switching = Switching(post.scene.store, post.clock)
    for number in range(60):
        await switching.switch(ADA, "api:desk", on=bool(number % 2))
        post.clock.travel(seconds=60)
        await post.notices()
    told = [letter for letter in post.mail.letters if letter.subject.startswith("person_")]
    assert len(post.texts.letters) == post.scene.kit.budgets.per_destination_daily
    assert len(told) + len(post.texts.letters) <= NOTICES_DAILY
    assert len(told) >= 30
