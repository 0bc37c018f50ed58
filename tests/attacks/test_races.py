"""Two processes on PostgreSQL, twenty acts at once: what one person may do once happens once.

What the embedded database shows by its one writer, these show where many write side by side.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sidecar.core.errors import Conflict, SidecarError, TooManyAttempts
from sidecar.core.model import Challenge, Person
from sidecar.core.outbox import PostStatus
from sidecar.flows.admission import adding
from sidecar.flows.budgets import Budgets
from sidecar.flows.manage import removing
from sidecar.flows.visit import Visit
from tests.postgres import Server
from tests.unit.flows.scene import ADA, Phone, Scene, scene, secret_of
from tests.unit.flows.sending import Post, posting

AT_ONCE = 20
GERMAN = Budgets(("+49",))
Both = tuple[Scene, Scene]


@pytest.fixture
async def both(postgres: Server, tmp_path: Path) -> AsyncIterator[Both]:
    """Two processes that share a database and a clock."""
    async with (
        postgres.store() as url,
        scene(tmp_path, url=url) as here,
        scene(tmp_path, here.clock, url=url) as there,
    ):
        yield here, there


async def at_once(
    both: Both, work: Callable[[Scene, int], Awaitable[object]], times: int = AT_ONCE
) -> Counter[str]:
    """Return how often the acts succeeded, and how often each refusal came instead."""

    async def one(number: int) -> str:
        try:
            await work(both[number % 2], number)
        except SidecarError as refused:
            return type(refused).__name__
        return "done"

    return Counter(await asyncio.gather(*map(one, range(times))))


@pytest.mark.threat(52)
@pytest.mark.conforms("ASVS-6.5.1")
@pytest.mark.parametrize("factor", ["totp", "backup_codes"])
async def test_a_code_works_once(both: Both, factor: str) -> None:
    """THREATS 52: one right code, at two challenges of two processes, shows one way in."""
    here, _ = both
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    here.clock.travel(seconds=30)
    open_ = [await here.flows.challenges.begin(visit, factor) for _ in range(2)]
    right = phone.code(here.clock) if factor == "totp" else {"code": phone.codes[0]}
    found = await at_once(
        both,
        lambda at, number: at.flows.challenges.answer(visit, open_[number % 2].id, right),
    )
    assert found["done"] == 1
    assert sum(found.values()) - found["done"] == AT_ONCE - 1


@pytest.mark.threat(50)
async def test_wrong_codes_are_counted_together(both: Both) -> None:
    """THREATS 50: wrong codes at two processes show five evaluations in all."""
    here, there = both
    visit, phone = await here.enroll()
    begun, wrong = await here.flows.challenges.begin(visit, "totp"), phone.wrong(here.clock)
    found = await at_once(both, lambda at, _: at.flows.challenges.answer(visit, begun.id, wrong))
    assert found == {"ResponseRejected": 5, "TooManyAttempts": AT_ONCE - 5}
    assert here.factors["totp"].judged + there.factors["totp"].judged == 5


@pytest.mark.threat(37)
async def test_a_proof_is_spent_once(both: Both) -> None:
    """THREATS 37: one proof of an action shows one use of it."""
    here, _ = both
    visit, phone = await here.enroll()
    visit = await here.prove(visit, phone, action=adding("totp"))
    found = await at_once(both, lambda at, _: at.flows.enrollments.begin(visit, "totp", {}))
    assert found["done"] == 1


@pytest.mark.threat(41, 52)
async def test_somebody_sets_up_a_first_factor_once(both: Both) -> None:
    """THREATS 41, 52: enrollments begun with one invitation, finished at once, show one."""
    here, _ = both
    code, begun = await here.people.invite(ADA, "desk"), list[tuple[Visit, Challenge]]()
    for _ in range(6):
        visit, _ = await here.enter()
        open_ = await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
        begun.append((visit, open_))

    async def finish(at: Scene, number: int) -> None:
        visit, open_ = begun[number]
        answer = Phone(secret_of(open_.prompt)).code(at.clock)
        await at.flows.enrollments.finish(visit, open_.id, answer)

    found = await at_once(both, finish, len(begun))
    assert found == {"done": 1, Conflict.__name__: 5}
    assert len(await here.held()) == 1


async def test_the_last_one_stays(both: Both) -> None:
    """Two apps removed at once, each by a proof for it, show one left."""
    here, _ = both
    visit, phone = await here.enroll()
    visit, _ = await here.add_second(visit, phone)
    ids = [item.id for item in await here.held()]
    for which in ids:
        visit = await here.prove(visit, phone, action=removing(which))
    found = await at_once(both, lambda at, n: at.flows.management.remove(visit, ids[n]), 2)
    assert found == {"done": 1, "Conflict": 1}
    assert len(await here.held()) == 1


@pytest.mark.threat(46)
async def test_nobody_comes_in_beside_a_reset(both: Both) -> None:
    """THREATS 46: sessions opened and proven while an operator resets the person show none alive
    that began before it.
    """
    here, there = both
    visit, phone = await here.enroll()
    here.clock.travel(seconds=30)
    open_ = [await here.flows.challenges.begin(visit, "totp") for _ in range(2)]

    async def act(at: Scene, number: int) -> None:
        if number == 9:
            await at.people.reset(ADA, "desk", "lost")
        elif number % 3:
            await at.enter()
        else:
            answer = phone.code(at.clock)
            await at.flows.challenges.answer(visit, open_[number % 2].id, answer)

    await at_once(both, act)
    async with there.store.read() as tx:
        account = await tx.accounts.get(ADA)
        sessions = await tx.sessions.of(ADA, there.clock())
    assert account is not None
    assert account.epoch == 1
    assert not any(session.proofs for session in sessions)
    assert await here.held() == ()
    assert (await here.store.verify_trail()).broken_at is None


@asynccontextmanager
async def posts(
    server: Server, folder: Path, budgets: Budgets = GERMAN
) -> AsyncIterator[tuple[Post, Post]]:
    """Two processes that send codes, over one database."""
    async with (
        server.store() as url,
        posting(folder, url=url, budgets=budgets) as here,
        posting(folder, here, url=url, budgets=budgets) as there,
    ):
        yield here, there


async def begin_all(
    both: tuple[Post, Post], visits: list[Visit]
) -> tuple[Counter[str], list[Challenge]]:
    begun: list[Challenge] = []

    async def begin(at: Scene, number: int) -> None:
        begun.append(await at.flows.challenges.begin(visits[number], "sms"))

    found = await at_once((both[0].scene, both[1].scene), begin, len(visits))
    return found, begun


@pytest.mark.threat(60)
async def test_a_budget_of_all_is_kept_by_all(postgres: Server, tmp_path: Path) -> None:
    """THREATS 60: ten people who ask for codes at once, where five may go out in a day, show five
    sent.
    """
    budgets = Budgets(("+49",), daily=5)
    people = [Person(ADA.realm, f"person-{number}") for number in range(10)]
    async with posts(postgres, tmp_path, budgets) as both:
        for number, person in enumerate(people):
            await both[0].confirmed(person, f"+49151123456{number:02}")
        both[0].clock.travel(days=2)
        visits = [(await both[0].scene.enter(person))[0] for person in people]
        found, begun = await begin_all(both, visits)
        assert found == {"done": 5, TooManyAttempts.__name__: 5}
        assert len(begun) == len(both[0].texts.letters) == 5


@pytest.mark.threat(50, 60)
async def test_one_person_gets_one_code(postgres: Server, tmp_path: Path) -> None:
    """THREATS 50, 60: twelve requests of one person at once, at two processes, show one sent."""
    async with posts(postgres, tmp_path) as both:
        visit = await both[0].confirmed()
        found, (one,) = await begin_all(both, [visit] * 12)
        assert found == {"done": 1, TooManyAttempts.__name__: 11}
        assert await both[0].statuses(one) == [PostStatus.SENT]
        assert len(both[0].texts.letters) == 1
