"""What every store keeps of remembered browsers: counters that are taken once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from sidecar.core.model import TokenHash
from sidecar.core.stores import Store, Transaction
from sidecar.core.trusted import GRACE, Rotation, SeriesId, Turn
from tests.conformance.stores import ADA, NOW, TWIN, authenticator, token, trusted

B1 = SeriesId("b1")
C0, C1, C2 = token("c0"), token("c1"), token("c2")
SOON = NOW + timedelta(seconds=1)


async def turn(store: Store, counter: TokenHash, fresh: TokenHash, **after: float) -> Rotation:
    async with store.begin() as tx:
        now = NOW + timedelta(**after)
        return await tx.trusted.rotate(ADA, B1, counter, fresh=fresh, now=now)


async def test_a_browser_is_remembered_for_its_time(store: Store) -> None:
    """Browsers show up for their person alone, last used first, until they expire or are ended."""
    one, other = trusted(), trusted("b2", last_used_at=SOON, expires_at=NOW + timedelta(days=1))
    async with store.begin() as tx:
        await tx.trusted.add(one, C0)
        await tx.trusted.add(other, C1)
        assert await tx.trusted.of(ADA, NOW) == (other, one)
        assert await tx.trusted.of(TWIN, NOW) == ()
        assert await tx.trusted.of(ADA, other.expires_at) == (one,)
        assert await tx.trusted.end(TWIN, B1, NOW) == 0
        assert await tx.trusted.end(TWIN, None, NOW) == 0
        assert await tx.trusted.end(ADA, B1, NOW) == 1
        assert await tx.trusted.end(ADA, B1, NOW) == 0
        assert await tx.trusted.of(ADA, NOW) == (other,)
        assert await tx.trusted.end(ADA, None, NOW) == 1
        assert await tx.trusted.of(ADA, NOW) == ()


async def test_a_counter_is_taken_once(store: Store) -> None:
    """A counter shows that it is taken once, passes for the one that a parallel tab replaced for
    ten seconds more, and tells of two holders afterwards; so does one before that at any time.
    """
    async with store.begin() as tx:
        await tx.trusted.add(trusted(), C0)
    taken = await turn(store, C0, C1, seconds=1)
    assert taken == Rotation(Turn.TAKEN, trusted(last_used_at=SOON))
    async with store.begin() as tx:
        await tx.trusted.arrived(ADA, B1)
    within = GRACE.total_seconds()
    assert (await turn(store, C0, C2, seconds=1 + within - 0.001)).turn is Turn.PARALLEL
    assert (await turn(store, C0, C2, seconds=1 + within)).turn is Turn.OLDER
    assert (await turn(store, C1, C2, seconds=2)).turn is Turn.TAKEN
    assert (await turn(store, C0, C1, seconds=2)).turn is Turn.OLDER


async def test_a_counter_that_never_arrived_is_replaced(store: Store) -> None:
    """The one before shows a third in its place, again and again, until somebody has the current
    one: then, and for the counter that was lost, it shows two holders.
    """
    lost, after = token("lost"), 1 + GRACE.total_seconds()
    async with store.begin() as tx:
        await tx.trusted.add(trusted(), C0)
        await tx.trusted.arrived(TWIN, B1)
    assert (await turn(store, C0, lost, seconds=1)).turn is Turn.TAKEN
    assert (await turn(store, C0, C1, seconds=after - 0.001)).turn is Turn.PARALLEL
    renewed = await turn(store, C0, C1, seconds=after)
    assert renewed.turn is Turn.LOST
    assert renewed.browser is not None
    assert renewed.browser.last_used_at == NOW + timedelta(seconds=after)
    assert (await turn(store, lost, C2, seconds=after)).turn is Turn.OLDER
    assert (await turn(store, C0, C1, seconds=after + 1)).turn is Turn.PARALLEL
    assert (await turn(store, C0, C1, days=1)).turn is Turn.LOST
    async with store.begin() as tx:
        await tx.trusted.arrived(ADA, B1)
    assert (await turn(store, C0, C2, days=2)).turn is Turn.OLDER
    assert (await turn(store, C1, C2, days=2)).turn is Turn.TAKEN


async def test_what_is_over_is_gone(store: Store) -> None:
    """Another's, an unknown, an expired and an ended series show nothing to take, nor a thief."""
    async with store.begin() as tx:
        await tx.trusted.add(trusted(), C0)
        others = await tx.trusted.rotate(TWIN, B1, C0, fresh=C1, now=NOW)
        unknown = await tx.trusted.rotate(ADA, SeriesId("b9"), C0, fresh=C1, now=NOW)
        assert {others, unknown} == {Rotation(Turn.GONE)}
    assert await turn(store, C0, C1, days=30) == Rotation(Turn.GONE)
    async with store.begin() as tx:
        await tx.trusted.end(ADA, B1, NOW)
    assert await turn(store, C0, C1) == Rotation(Turn.GONE)
    assert await turn(store, C2, C1) == Rotation(Turn.GONE)


async def test_one_of_fifty_takes_a_counter(store: Store) -> None:
    """Fifty offers of one counter at once show one that takes it; the others were parallel."""
    async with store.begin() as tx:
        await tx.trusted.add(trusted(), C0)
    found = await asyncio.gather(*(turn(store, C0, token(f"f{n}")) for n in range(50)))
    assert Counter(one.turn for one in found) == {Turn.TAKEN: 1, Turn.PARALLEL: 49}


async def _add(tx: Transaction) -> None:
    await tx.authenticators.add(authenticator("a2"))


def _move(*occasions: str) -> Callable[[Transaction], Awaitable[None]]:
    async def move(tx: Transaction) -> None:
        (current,) = await tx.authenticators.of(ADA)
        for occasion in occasions:
            current = await tx.authenticators.move(current, occasion, NOW)

    return move


@pytest.mark.threat(64)
@pytest.mark.parametrize(
    "change", [_add, *(_move(one) for one in ("remove", "suspend", "disable", "expire"))]
)
async def test_a_change_of_factors_forgets_browsers(
    store: Store, change: Callable[[Transaction], Awaitable[None]]
) -> None:
    """Every change of a person's authenticators shows that their browsers are forgotten with it,
    and nobody else's; using one changes nothing.
    """
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        await tx.trusted.add(trusted(), C0)
        await tx.trusted.add(trusted("b2", person=TWIN), C1)
        await tx.authenticators.replace(authenticator(), None, used_at=NOW)
        assert await tx.trusted.of(ADA, NOW) == (trusted(),)
        await change(tx)
        assert await tx.trusted.of(ADA, NOW) == ()
        assert len(await tx.trusted.of(TWIN, NOW)) == 1


async def test_nobody_is_remembered(store: Store) -> None:
    """All browsers of everybody show forgotten, with how many were remembered."""
    async with store.begin() as tx:
        await tx.trusted.add(trusted(), C0)
        await tx.trusted.add(trusted("b2", person=TWIN), C1)
        assert await tx.trusted.end_everybody(NOW) == 2
        assert await tx.trusted.end_everybody(NOW) == 0
        assert await tx.trusted.of(ADA, NOW) == await tx.trusted.of(TWIN, NOW) == ()
