"""What every store keeps, for how long, and who sweeps it."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sidecar.core.stores import APART
from sidecar.storage.sql import SqlStore
from sidecar.storage.sweep import Part, Retention, steps
from sidecar.storage.tables import attempts
from tests.conformance.stores import ADA, NOW, TWIN, Travel, challenge, session, token
from tests.conformance.sweeping import expired, sweeper, swept
from tests.conformance.tries import Run, forgiven, forgotten, tried
from tests.posts import post

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)


@pytest.mark.conforms("ASVS-14.2.7")
async def test_each_kind_is_kept_for_as_long_as_configured(store: SqlStore) -> None:
    """What is over shows itself until its own retention is, and not a moment longer."""
    keep = Retention(
        challenges=timedelta(days=1),
        sessions=timedelta(days=2),
        outbox=timedelta(days=3),
        longest_session=timedelta(days=20),
    )
    async with store.begin() as tx:
        await tx.challenges.add(challenge(expires_at=NOW))
        await tx.sessions.add(session(expires_at=NOW), token("s1"))
        await tx.outbox.add(post("sent"))
        for person in (TWIN, ADA):
            await tx.feed.append("person", person, None, NOW)
    moment = timedelta(seconds=1)
    for days in (1, 2, 3, 27):
        over = NOW + timedelta(days=days)
        assert await swept(store, over, keep) == 0
        assert await swept(store, over + moment, keep) == 1


async def test_a_great_deal_goes_in_small_parts(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten rows of which three go at a time show four transactions, and none left."""
    monkeypatch.setattr("sidecar.storage.sweep.AT_A_TIME", 3)
    async with store.begin() as tx:
        for number in range(10):
            await tx.sessions.add(session(f"s{number}", expires_at=NOW), token(f"{number}"))
    by_table = dict(steps(Retention(), NOW + timedelta(days=8)))
    parts: list[Part] = []
    while not parts or parts[-1].more:
        async with store.begin(APART) as tx:
            parts.append(await by_table["sessions"](tx.connection))
    assert [part.removed for part in parts] == [3, 3, 3, 1]


async def test_of_many_processes_one_sweeps(processes: tuple[SqlStore, ...], clock: Travel) -> None:
    """Three that ask at once, and again within a minute, show one sweep; later there is another."""
    many = [sweeper(store, clock, f"p{number}") for number, store in enumerate(processes)]
    await expired(processes[0], 3)
    assert await many[0].swept_at() is None
    removed = await asyncio.gather(*(one.sweep() for one in many))
    assert sorted(found.total() for found in removed) == [0, 0, 3]
    assert await many[2].swept_at() == clock()
    await expired(processes[0], 3)
    clock.forward(seconds=40)
    assert [await one.sweep() for one in many] == [Counter()] * 3
    clock.forward(seconds=20)
    assert (await many[1].sweep())["sessions"] == 3
    assert await many[2].swept_at() == clock()


# --- tries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "left"),
    [
        ([], []),
        ([Run(3, 91 * DAY, known=True, verified=True)], []),
        ([Run(3, 89 * DAY, known=True, verified=False)], [3]),
        ([Run(3, 200 * DAY, known=True, verified=False)], [3]),
        ([Run(100, 200 * DAY, known=False, verified=False)] * 2, [100]),
    ],
)
async def test_old_tries_are_forgotten(store: SqlStore, runs: list[Run], left: list[int]) -> None:
    """Old successes show gone; younger tries, and a row of failures that is still open, do not;
    nor more of it than closes the factor.
    """
    await tried(store, runs)
    await forgotten(store)
    assert await count(store) == sum(left)


async def count(store: SqlStore) -> int:
    async with store.read() as tx:
        query = select(func.count()).select_from(attempts)
        return int((await tx.connection.execute(query)).scalar_one())


async def test_a_success_goes_after_the_failures_before_it(store: SqlStore) -> None:
    """Failures that a success followed show gone first, the success with the next sweep, and
    no moment at which they would count again.
    """
    failed = Run(60, 150 * DAY, known=False, verified=False)
    passed = Run(1, 120 * DAY, known=False, verified=True)
    await tried(store, [failed, passed])
    assert await forgotten(store) == 60
    assert await forgotten(store) == 1
    assert await count(store) == 0


async def test_forgiven_and_erased_tries_are_forgotten(store: SqlStore) -> None:
    """An open row of failures shows gone once an operator forgave it, or its person was erased."""
    old = Run(40, 150 * DAY, known=False, verified=False)
    await tried(store, [old])
    assert await forgotten(store) == 0
    await forgiven(store, 100 * DAY)
    assert await forgotten(store) == 40
    await forgiven(store, None)
    await tried(store, [old])
    async with store.begin(ADA) as tx:
        await tx.directory.erase(ADA, NOW)
    assert await forgotten(store) == 40


async def test_what_a_limit_counts_is_never_forgotten(store: SqlStore) -> None:
    """Thirty days of tries show kept, however short the retention is."""
    await tried(store, [Run(9, age * DAY, known=True, verified=True) for age in (29, 30, 31)])
    assert await forgotten(store, days=1) == 9


async def test_tries_are_forgotten_once_an_hour(store: SqlStore, clock: Travel) -> None:
    """Of two sweeps in one hour the first shows old tries gone; the second leaves them alone."""
    old = [Run(2, 100 * DAY, known=True, verified=True)]
    await tried(store, old)
    assert (await sweeper(store, clock).sweep())[attempts.name] == 2
    await tried(store, old)
    clock.forward(minutes=30)
    assert (await sweeper(store, clock).sweep())[attempts.name] == 0
    clock.forward(minutes=30)
    assert (await sweeper(store, clock).sweep())[attempts.name] == 2
