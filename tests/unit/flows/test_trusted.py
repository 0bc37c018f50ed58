"""Browsers are remembered for a proof that was just given, and recognised where that is enough."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.errors import NotFound, StepUpRequired, TooManyAttempts
from sidecar.core.model import REMEMBERED, Level
from sidecar.core.stores import Transaction
from sidecar.flows.kit import Remembering
from sidecar.flows.trusted import Forgotten
from tests.unit.flows.scene import ADA, GRACE, Scene, scene
from tests.unit.flows.trusting import ANY, MONTH, later, listed, recognised, remembered


@pytest.mark.threat(64)
async def test_a_remembered_browser_is_recognised(there: Scene) -> None:
    """A browser that was remembered shows a new session with the proof of that time, a new token
    in its cookie, and what the trail says of it; nothing in it counts as proven.
    """
    _, _, carried = await remembered(there)
    proven_at = there.clock()
    there.clock.travel(days=3)
    found = await recognised(there, later(there, carried, user_agent="Firefox/151"))
    (proof,) = found.entered.session.proofs
    assert (proof.factor, proof.at, proof.most) == (REMEMBERED, proven_at, Level.TWO_FACTOR)
    assert found.carried is not None
    assert found.carried.token != carried.token
    assert found.carried.lasts == MONTH - timedelta(days=3)
    assert await there.flows.sessions.recall(found.entered.token) == found.entered.session
    assert (await there.events())[:2] == ["browser.recognised", "browser.remembered"]
    visit = replace(there.stranger(), session=found.entered.session)
    with pytest.raises(StepUpRequired):
        await there.flows.management.held(visit)
    with pytest.raises(StepUpRequired):
        await there.flows.browsers.of(visit)
    with pytest.raises(StepUpRequired):
        await there.flows.browsers.remember(visit)


async def test_a_pending_session_goes_on(there: Scene) -> None:
    """A session that was opened before shows that it is raised, under a new token."""
    _, _, carried = await remembered(there)
    visit, token = await there.enter()
    found = await recognised(there, replace(visit, trusted=carried.token))
    assert found.entered.session.id == visit.require_session().id
    assert found.entered.token != token
    await there.flows.sessions.end_all(visit)
    visit, _ = await there.enter()
    gone = replace(visit, trusted=found.carried.token if found.carried else "")
    assert await there.flows.browsers.recognise(gone, ANY) == Forgotten()


async def test_a_session_that_ended_meanwhile_takes_nothing(there: Scene) -> None:
    """A session that is over shows that its browser is asked, and its token still good."""
    _, _, carried = await remembered(there)
    visit, _ = await there.enter()
    async with there.store.begin() as tx:
        await tx.sessions.end(ADA, visit.require_session().id)
    assert await there.flows.browsers.recognise(replace(visit, trusted=carried.token), ANY) is None
    assert (await recognised(there, later(there, carried))).carried is not None


@pytest.mark.parametrize(
    "need",
    [
        Requirement(Level.PHISHING_RESISTANT),
        Requirement(Level.TWO_FACTOR, MONTH),
        Requirement(Level.TWO_FACTOR, None, frozenset({"totp"})),
    ],
)
async def test_where_it_is_not_enough_nothing_is_taken(there: Scene, need: Requirement) -> None:
    """Rules that a remembered browser cannot satisfy show that its token is left alone."""
    _, _, carried = await remembered(there)
    for needs in ((need,), (*ANY, need)):
        assert await there.flows.browsers.recognise(later(there, carried), needs) is None
    assert "browser.recognised" not in await there.events()
    assert (await recognised(there, later(there, carried))).carried is not None


async def test_another_person_is_not_recognised(there: Scene) -> None:
    """Somebody else in a remembered browser shows that it says nothing about them."""
    _, _, carried = await remembered(there)
    await there.enroll(GRACE)
    visit = replace(there.stranger(GRACE), trusted=carried.token)
    assert await there.flows.browsers.recognise(visit, ANY) is None
    assert there.flows.browsers.current(visit) is None
    with pytest.raises(NotFound):
        await there.flows.browsers.forget(
            (await there.enter(GRACE))[0], (await listed(there))[0].id
        )


@pytest.mark.threat(64)
async def test_an_older_token_ends_everything(there: Scene) -> None:
    """A token that was replaced shows, ten seconds later, that all the person's browsers and the
    sessions that rest on them are over, in the trail too; proven sessions go on.
    """
    mine, _, carried = await remembered(there)
    stolen = later(there, carried)
    found = await recognised(there, later(there, carried))
    await there.flows.sessions.touch(found.entered.session)  # it arrived: she goes on in it
    there.clock.travel(seconds=9)
    parallel = await recognised(there, stolen)
    assert parallel.carried is None
    there.clock.travel(seconds=1)
    over = await there.flows.browsers.recognise(stolen, ANY)
    assert isinstance(over, Forgotten)
    assert len(over.told) == 1  # she is written to at the address that the application states
    assert await listed(there) == ()
    for entered in (found.entered, parallel.entered):
        assert await there.flows.sessions.recall(entered.token) is None
    assert await there.flows.sessions.latest(mine.require_session()) is not None
    assert (await there.events())[0] == "browser.stolen"
    assert found.carried is not None
    assert await there.flows.browsers.recognise(later(there, found.carried), ANY) == Forgotten()


@pytest.mark.threat(64)
async def test_an_answer_that_was_lost_is_no_theft(there: Scene) -> None:
    """A token whose successor nobody was seen with shows a new one in its place, minutes later;
    whoever has the lost one is out at once, and is a thief as soon as they use it.
    """
    _, _, carried = await remembered(there)
    lost = await recognised(there, later(there, carried))
    there.clock.travel(minutes=3)
    found = await recognised(there, later(there, carried))
    assert found.anew
    assert found.carried is not None
    assert await there.flows.sessions.recall(lost.entered.token) is None
    assert len(await listed(there)) == 1
    await there.flows.sessions.touch(found.entered.session)
    assert lost.carried is not None
    over = await there.flows.browsers.recognise(later(there, lost.carried), ANY)
    assert isinstance(over, Forgotten)
    assert (await there.events())[0] == "browser.stolen"


@pytest.mark.threat(64)
async def test_a_thief_who_was_seen_is_found_out(there: Scene) -> None:
    """A thief who uses a copy first shows up when its owner comes, once the thief went on."""
    _, _, carried = await remembered(there)
    thief = await recognised(there, later(there, carried))
    await there.flows.sessions.touch(thief.entered.session)
    there.clock.travel(minutes=1)
    over = await there.flows.browsers.recognise(later(there, carried), ANY)
    assert isinstance(over, Forgotten)
    assert await there.flows.sessions.recall(thief.entered.token) is None


async def test_remembering_again_replaces(there: Scene) -> None:
    """A browser that is remembered once more shows one line, and its old token of no use."""
    visit, phone, carried = await remembered(there)
    visit = await there.prove(visit, phone)
    again = await there.flows.browsers.remember(visit)
    assert again is not None
    assert [item.id for item in await there.flows.browsers.of(visit)] == [
        there.flows.browsers.current(replace(visit, trusted=again.token))
    ]
    assert await there.flows.browsers.recognise(later(there, carried), ANY) == Forgotten()


async def test_only_a_proof_that_was_just_given(there: Scene) -> None:
    """A proof of five minutes ago shows that the browser is not remembered for it, nor for none."""
    visit, _ = await there.enroll()
    there.clock.travel(minutes=5, seconds=1)
    with pytest.raises(StepUpRequired):
        await there.flows.browsers.remember(visit)
    with pytest.raises(StepUpRequired):
        await there.flows.browsers.remember((await there.enter())[0])


@pytest.mark.conforms("NIST-SB-4")
async def test_spare_codes_are_never_remembered(there: Scene) -> None:
    """A spare code shows that the browser that used it is not remembered, asked or not."""
    visit, phone = await there.enroll()
    await there.spare(visit, phone)
    there.clock.travel(minutes=6)
    begun = await there.flows.challenges.begin(visit, "backup_codes")
    entered = await there.flows.challenges.answer(visit, begun.id, {"code": phone.codes[0]})
    visit = replace(visit, session=entered.session)
    assert there.flows.browsers.offered("backup_codes") is None
    assert await there.flows.browsers.remember(visit) is None
    assert there.flows.browsers.offered("nothing") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"remembering": Remembering()},
        {"remembering": Remembering(MONTH, frozenset({"totp"}))},
        {"remembering": Remembering(MONTH), "discounted": frozenset({"totp"})},
        {"remembering": Remembering(timedelta(hours=1))},
    ],
    ids=["off", "not-after", "discounted", "shorter"],
)
async def test_what_the_configuration_no_longer_remembers(
    there: Scene, folder: Path, changes: dict[str, object]
) -> None:
    """A stricter configuration shows that browsers remembered before are not recognised."""
    visit, _, carried = await remembered(there)
    there.clock.travel(hours=1)
    async with scene(folder, there.clock, **changes) as stricter:
        found = await stricter.flows.browsers.recognise(later(there, carried), ANY)
        assert found in (None, Forgotten())
        if stricter.flows.browsers.offered("totp") is None:
            visit = replace(visit, session=replace(visit.require_session()))
            there.clock.travel(hours=-1)
            assert await stricter.flows.browsers.remember(visit) is None


async def test_sessions_are_bounded(there: Scene) -> None:
    """Twenty-one sessions within the hour show the bound that opening has, and no token taken."""
    _, _, carried = await remembered(there)
    for _ in range(19):
        await there.flows.sessions.open(there.stranger())
    with pytest.raises(TooManyAttempts):
        await there.flows.browsers.recognise(later(there, carried), ANY)
    there.clock.travel(hours=1, seconds=1)
    assert (await recognised(there, later(there, carried))).carried is not None


async def test_all_or_nothing(there: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure after the counter was taken shows that it was not: the same token works again."""
    _, _, carried = await remembered(there)
    enter = there.flows.sessions.enter

    async def broken(tx: Transaction, *_: object) -> None:
        del tx
        raise RuntimeError("broken")

    monkeypatch.setattr(there.flows.sessions, "enter", broken)
    with pytest.raises(RuntimeError):
        await there.flows.browsers.recognise(later(there, carried), ANY)
    monkeypatch.setattr(there.flows.sessions, "enter", enter)
    assert (await recognised(there, later(there, carried))).carried is not None
