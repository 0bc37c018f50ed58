"""People move in with what they have."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import Conflict, PluginFailed
from sidecar.core.model import Level, Person
from sidecar.core.seeds import Portable, Seed
from sidecar.flows.admission import MOST_HELD
from sidecar.flows.importing import ADDED, UNCHANGED, Entry, Imports, Status, Unread
from sidecar.flows.switching import Switching
from tests.unit.flows.moving import KEY, NAMING, OTHER, SEED, entry, imports, movable_in, phone
from tests.unit.flows.scene import ADA, GRACE, Scene

BY = "operator:desk"


async def reasons(taking: Imports, *batch: Entry | Unread) -> list[str]:
    """Return why each was refused; what was not shows as its status."""
    return [one.reason or one.status.value for one in await taking.take(batch, BY)]


async def test_whoever_was_taken_in_proves_with_what_they_had(here: Scene) -> None:
    """A person of an import shows as enrolled, at the full level, by the codes of their old app."""
    assert await imports(here).take([entry()], BY) == (ADDED,)
    dossier = await here.people.show(ADA)
    (held,) = dossier.authenticators
    assert (held.name, held.level, held.held_until) == ("totp", Level.TWO_FACTOR, None)
    assert dossier.account is not None
    assert dossier.account.enrolled_at == here.clock()
    assert [(one.name, one.actor) for one in dossier.events] == [("authenticator.imported", BY)]
    visit, _ = await here.enter()
    assert (await here.prove(visit, phone(SEED))).require_session().proven


async def test_an_import_that_is_run_again_changes_nothing(here: Scene) -> None:
    """The same entries again, also after they were used, show as unchanged, with no new act."""
    batch = [entry(), entry("grace", OTHER), entry("grace", KEY)]
    assert await imports(here).take(batch, BY) == (ADDED, ADDED, ADDED)
    await here.prove((await here.enter())[0], phone(SEED))
    before = await here.people.show(ADA)
    assert await imports(here).take(batch, BY) == (UNCHANGED, UNCHANGED, UNCHANGED)
    after = await here.people.show(ADA)
    assert (after.authenticators, after.events) == (before.authenticators, before.events)


@pytest.mark.threat(57)
async def test_nobody_is_taken_in_with_more_than_a_person_may_have(here: Scene) -> None:
    """THREATS 57: one more than fifty of a person shows as refused, and the next person's added:
    all that somebody has is read whenever they are stopped.
    """
    seeds = [replace(SEED, secret=bytes([number]) * 20) for number in range(MOST_HELD + 1)]
    batch = [*(entry("ada", seed) for seed in seeds), entry("grace", OTHER)]
    *fifty, last, other = await reasons(imports(here), *batch)
    assert set(fifty) == {other} == {"added"}
    assert last.startswith("a person may not have more than 50")
    assert len(await here.held()) == MOST_HELD


async def test_nothing_of_anybody_is_replaced(here: Scene) -> None:
    """Whoever has, or had, something shows as refused, and keeps what they have."""
    _, old = await here.enroll()
    before = await here.held()
    refused = await reasons(imports(here), entry(), entry("grace"))
    assert refused[0].startswith("the person has set up something else")
    assert refused[1] == "added"
    assert await here.held() == before
    assert (await here.prove((await here.enter())[0], old)).require_session().proven


async def test_whoever_lost_everything_is_no_newcomer(here: Scene) -> None:
    """A person whose factor was disowned or removed shows that an operator has to reset them."""
    await imports(here).take([entry(), entry("grace", OTHER)], BY)
    (ada,), (grace,) = await here.held(), await here.held(GRACE)
    async with here.store.begin() as tx:
        await tx.authenticators.move(ada, "suspend", here.clock())
        await tx.authenticators.move(grace, "remove", here.clock())
    said = await reasons(imports(here), entry(), entry("grace", OTHER))
    assert said == [
        "the person has it already, and it is not active",
        "the person had something set up before: reset them first",
    ]
    await here.people.reset(GRACE, BY, "moves in")
    assert await reasons(imports(here), entry("grace", OTHER)) == ["added"]


async def test_whoever_is_switched_off_stays_so(here: Scene) -> None:
    """A newcomer whom an operator switched off shows as refused: an import would let them in."""
    switching = Switching(here.store, here.clock)
    await here.people.invite(ADA, BY)
    await switching.switch(ADA, BY, on=False)
    (said,) = await reasons(imports(here), entry())
    assert said == "the person is switched off: enable them first"
    await switching.switch(ADA, BY, on=True)
    assert await reasons(imports(here), entry()) == ["added"]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (Unread("it has no secret"), "it has no secret"),
        (entry(realm="other"), "there is no such realm; there is club, shop"),
        (entry("", realm="shop"), "the subject is empty"),
        (Entry(Portable("ada", "", "", SEED)), "write realm:subject; there is club, shop"),
        (entry("a\u202eb"), "the subject has control"),
        (entry("bob", Seed(b"ten bytes!")), "totp makes no such codes"),
    ],
)
async def test_one_bad_entry_spoils_no_other(here: Scene, odd: Entry | Unread, said: str) -> None:
    """An entry that cannot be taken shows why, and those around it are added."""
    found = await reasons(imports(here), entry(), odd, entry("grace"))
    assert (found[0], found[2]) == ("added", "added")
    assert found[1].startswith(said)


async def test_a_file_may_name_realms_or_leave_them_out(here: Scene) -> None:
    """Subjects of two realms show as two people, whoever says the realm."""
    batch = [Entry(Portable("club:ada", "", "", SEED)), entry("club:ada", OTHER)]
    assert await imports(here).take(batch, BY) == (ADDED, ADDED)
    assert len(await here.held(Person("club", "ada"))) == 1
    assert len(await here.held(Person("shop", "club:ada"))) == 1


async def test_several_of_one_person_come_together(here: Scene) -> None:
    """Two apps and a key of one person show as three; the same twice shows as refused, now and
    when it is run again.
    """
    batch = [entry(), entry("ada", OTHER), entry("ada", KEY), entry()]
    twice = "the same is there twice; the first counts"
    assert await reasons(imports(here), *batch) == ["added", "added", "added", twice]
    assert await reasons(imports(here), *batch) == ["unchanged", "unchanged", "unchanged", twice]
    assert {held.factor for held in await here.held()} == {"totp", "keys"}
    assert len(await here.held()) == 3


async def test_of_some_factors_a_person_has_one(here: Scene) -> None:
    """Of a factor that a person has once, the second of an import shows as refused."""
    once = replace(movable_in(here), single=frozenset({"totp"}))
    taking = Imports(here.store, here.clock, NAMING, once)
    said = await reasons(taking, entry(), entry("ada", OTHER), entry("grace"))
    assert said == ["added", "a person can have one of this factor, and the first counts", "added"]


async def test_a_key_belongs_to_one_person(here: Scene) -> None:
    """A key that is registered shows its second owner refused, and everybody else added."""
    said = await reasons(
        imports(here), entry("ada", KEY), entry("grace", KEY), entry("bob"), entry("grace", KEY)
    )
    assert said[0] == said[2] == "added"
    assert said[1].startswith("a key is registered already")
    assert said[3] == "the same is there twice; the first counts"
    assert await here.held(GRACE) == ()


async def test_a_dry_run_says_what_would_be(here: Scene) -> None:
    """A dry run shows the same outcomes as the run, and nobody is there after it."""
    await here.enroll(GRACE)
    batch: list[Entry | Unread] = [entry(), entry("grace"), Unread("it is empty")]
    dry = await imports(here).take(batch, BY, dry=True)
    assert await here.held() == ()
    assert (await here.people.show(ADA)).events == ()
    assert await imports(here).take(batch, BY) == dry
    assert [one.status for one in dry] == [Status.ADDED, Status.REFUSED, Status.REFUSED]


async def test_a_first_enrollment_beside_an_import_wins_or_loses_alone(here: Scene) -> None:
    """Of a batch and an enrollment of one of its people at once, each shows one winner, and the
    others of the batch are there.
    """
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, BY)
    begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    mine = phone(SEED)
    mine.secret = str(begun.prompt.data["secret"])
    people = [entry(f"user{number}") for number in range(20)]
    done, taken = await asyncio.gather(
        here.flows.enrollments.finish(visit, begun.id, mine.code(here.clock)),
        imports(here).take([*people[:10], entry(), *people[10:]], BY),
        return_exceptions=True,
    )
    assert isinstance(taken, tuple)
    assert [one for at, one in enumerate(taken) if at != 10] == [ADDED] * 20
    assert len(await here.held()) == 1
    assert isinstance(done, Exception) is (taken[10] is ADDED)


async def test_what_was_begun_before_the_import_ends_with_it(here: Scene) -> None:
    """An enrollment by invitation that was open shows no second first factor afterwards."""
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, BY)
    begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
    await imports(here).take([entry()], BY)
    mine = phone(SEED)
    mine.secret = str(begun.prompt.data["secret"])
    with pytest.raises(Conflict):
        await here.flows.enrollments.finish(visit, begun.id, mine.code(here.clock))
    assert len(await here.held()) == 1


async def test_what_the_other_system_said_is_kept(here: Scene) -> None:
    """Name and day of an authenticator show as they were; a day to come shows as today."""
    then = here.clock() - timedelta(days=400)
    old = Entry(Portable("ada", "totp", "blue phone", SEED, then), "shop")
    coming = Entry(Portable("grace", "totp", "", OTHER, here.clock() + timedelta(days=9)), "shop")
    await imports(here).take([old, coming], BY)
    (ada,), (grace,) = await here.held(), await here.held(GRACE)
    assert (ada.name, ada.created_at) == ("blue phone", then)
    assert grace.created_at == here.clock()


async def test_a_broken_factor_is_no_reason(here: Scene) -> None:
    """A factor that raises shows as broken, and nobody was added."""

    def broken(_seed: Seed) -> None:
        raise ZeroDivisionError

    here.factors["totp"].adopt = broken
    with pytest.raises(PluginFailed):
        await imports(here).take([entry("grace", KEY), entry()], BY)
    assert await here.held(GRACE) == ()
