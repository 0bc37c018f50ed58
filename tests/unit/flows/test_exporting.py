"""People move out with what they have."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest

from sidecar.core.directory import Span
from sidecar.core.model import AuthenticatorId, Level, Person
from sidecar.core.seeds import Portable
from sidecar.core.stores import APART
from sidecar.flows.exporting import Exports, Place
from sidecar.flows.importing import Entry
from sidecar.flows.switching import Switching
from sidecar.transfer.keys import Pair, make_recipient, owner, recipient
from sidecar.transfer.rows import Read, Row
from sidecar.transfer.sealed import unseal
from tests.unit.flows.moving import KEY, OTHER, SEED, entry, exports, imports
from tests.unit.flows.scene import ADA, Scene

BY = "api:mover"
PUBLIC, PRIVATE = make_recipient()
TO = recipient(PUBLIC)


async def everything(giving: Exports, to: Pair = TO, *, limit: int = 100) -> list[str]:
    """Return the lines of all pages."""
    lines: list[str] = []
    place: Place | None = None
    while True:
        page = await giving.page(to, BY, limit=limit, place=place)
        lines += page.lines
        place = page.next
        if place is None:
            return lines


def opened(lines: list[str]) -> list[Read]:
    return list(unseal(BytesIO("\n".join(lines).encode()), owner(PRIVATE)))


def told(rows: list[Read]) -> list[Portable]:
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.portable for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_the_pages_together_are_the_file(here: Scene, limit: int) -> None:
    """Whatever the pages, their lines show one whole file with everybody in it, in order."""
    batch = [entry("zoe"), entry("ada", OTHER), entry("ada", KEY), entry("ada", realm="club")]
    await imports(here).take(batch, "operator:desk")
    found = told(opened(await everything(exports(here), limit=limit)))
    assert [one.user_id for one in found] == ["club:ada", "shop:ada", "shop:ada", "shop:zoe"]
    assert [one.material for one in found if one.user_id != "shop:ada"] == [SEED, SEED]
    hers = {one.factor: one.material for one in found if one.user_id == "shop:ada"}
    assert hers == {"totp": OTHER, "keys": KEY}
    assert all(one.created_at == here.clock() for one in found)


async def test_nothing_leaves_unsealed(here: Scene) -> None:
    """The lines show neither seeds nor keys, and open for nobody else."""
    await imports(here).take([entry(), entry("grace", KEY)], "operator:desk")
    lines = await everything(exports(here))
    assert not any(SEED.secret.decode() in line or "credential" in line for line in lines)
    _, another = make_recipient()
    (refused,) = unseal(BytesIO("\n".join(lines).encode()), owner(another))
    assert not isinstance(refused, Row)


async def test_what_does_not_count_in_full_stays(here: Scene) -> None:
    """Codes, what is suspended, what is held back, and people who are switched off show only in
    the number of what is left.
    """
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    await imports(here).take([entry("bob"), entry("off"), entry("late")], "operator:desk")
    await Switching(here.store, here.clock).switch(Person("shop", "off"), BY, on=False)
    (bob,) = await here.held(Person("shop", "bob"))
    (late,) = await here.held(Person("shop", "late"))
    held = replace(
        late,
        id=AuthenticatorId("held"),
        level=Level.PHISHING_RESISTANT,
        held_until=here.clock() + timedelta(hours=1),
        held_level=Level.TWO_FACTOR,
    )
    async with here.store.begin(APART) as tx:
        await tx.authenticators.move(bob, "suspend", here.clock())
        await tx.authenticators.add(held)
    page = await exports(here).page(TO, BY, limit=100)
    found = told(opened(list(page.lines)))
    assert [one.user_id for one in found] == ["shop:ada", "shop:late"]
    assert page.left == 3


async def test_whom_it_went_to_is_in_the_trail(here: Scene) -> None:
    """Every page shows in the trail with the recipient's thumbprint and how many it holds."""
    await imports(here).take([entry("a"), entry("b"), entry("c")], "operator:desk")
    await everything(exports(here), limit=2)
    async with here.store.read() as tx:
        found = [one.event for one in await tx.directory.events(Span(), 10)]
    acts = [one for one in found if one.name == "authenticators.exported"]
    assert [(one.actor, one.details) for one in reversed(acts)] == [
        (BY, {"recipient": TO.id, "count": 2}),
        (BY, {"recipient": TO.id, "count": 1}),
    ]


async def test_of_nobody_there_is_a_file_too(here: Scene) -> None:
    """An empty installation shows a whole file with nobody in it."""
    assert opened(await everything(exports(here))) == []


async def test_whoever_moves_out_can_move_in(here: Scene) -> None:
    """What was opened shows as unchanged where it came from, and as added elsewhere."""
    await imports(here).take([entry(), entry("ada", KEY)], "operator:desk")
    found = told(opened(await everything(exports(here))))
    batch = [Entry(one) for one in found]
    assert [one.status.value for one in await imports(here).take(batch, BY)] == ["unchanged"] * 2
    await here.people.reset(ADA, "operator:desk", "moves")
    assert [one.status.value for one in await imports(here).take(batch, BY)] == ["added"] * 2
