"""What every store counts: tries at secrets, before they are checked."""

import asyncio
import math
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.core.errors import Conflict, TooManyAttempts
from sidecar.core.guessing import DISABLE_AT, STRANGERS_CLOSE_AT, WINDOWS, Claim
from sidecar.core.model import ChallengeId, Person
from sidecar.core.stores import Store
from tests.conformance.stores import ADA, TWIN, Travel, authenticator

C1 = ChallengeId("c1")


async def claim(
    store: Store,
    clock: Travel,
    person: Person = ADA,
    *,
    known: bool = False,
    factor: str = "totp",
    lasting: bool = True,
) -> Claim:
    async with store.begin() as tx:
        return await tx.attempts.claim(
            *(person, factor), known=known, challenge=C1, now=clock(), lasting=lasting
        )


async def settle(store: Store, clock: Travel, made: Claim, *, verified: bool) -> None:
    async with store.begin() as tx:
        await tx.attempts.settle(made, verified=verified, now=clock())


async def wait_of(store: Store, clock: Travel, *, known: bool = False) -> int | None:
    """Return the seconds that a refused claim is told to wait."""
    with pytest.raises(TooManyAttempts) as refused:
        await claim(store, clock, known=known)
    return refused.value.retry_after_s


@pytest.mark.conforms("ASVS-6.3.1", "NIST-SFOV-6")
async def test_two_hundred_at_once_are_five(store: Store, clock: Travel) -> None:
    """THREATS 50: 200 parallel claims, none of them settled, show exactly five let through."""

    async def one() -> int | None:
        try:
            await claim(store, clock)
        except TooManyAttempts as refused:
            return refused.retry_after_s
        return None

    answers = await asyncio.gather(*(one() for _ in range(200)))
    assert (answers.count(None), answers.count(300)) == (5, 195)


async def test_codes_made_anew_close_for_a_time_only(store: Store, clock: Travel) -> None:
    """A hundred wrong tries in a row show a wait that ends, and tries after it, where no secret
    outlives them; the same number of tries at one that lasts shows none.
    """
    for _ in range(100):
        clock.forward(minutes=4)
        await settle(store, clock, await claim(store, clock, lasting=False), verified=False)
    clock.forward(days=30)
    assert not (await claim(store, clock, lasting=False)).last
    assert await wait_of(store, clock) == 24 * 60 * 60


async def test_a_wait_is_told_to_the_second(store: Store, clock: Travel) -> None:
    """Tries spread over the window show that the wait runs to when the oldest leaves it."""
    for _ in range(5):
        await claim(store, clock)
        clock.forward(seconds=10)
    assert await wait_of(store, clock) == 250
    clock.forward(seconds=249, milliseconds=400)
    assert await wait_of(store, clock) == 1
    clock.forward(seconds=1)
    await claim(store, clock)
    assert await wait_of(store, clock) == math.ceil(10 - 0.4)


async def test_success_is_not_counted_and_resets_nothing(store: Store, clock: Travel) -> None:
    """THREATS 51: four failures, a success and one more failure show a closed window."""
    for _ in range(4):
        await settle(store, clock, await claim(store, clock), verified=False)
    await settle(store, clock, await claim(store, clock), verified=True)
    await claim(store, clock)
    assert await wait_of(store, clock) == 300


async def test_buckets_are_apart(store: Store, clock: Travel) -> None:
    """THREATS 57: a stranger's failures show no effect on known browsers, factors, or people."""
    for _ in range(5):
        await claim(store, clock)
    assert await wait_of(store, clock) == 300
    await claim(store, clock, known=True)
    await claim(store, clock, factor="backup_codes")
    await claim(store, clock, TWIN)


async def test_a_refusal_counts_nothing(store: Store, clock: Travel) -> None:
    """A hundred refused claims show that knocking does not lengthen the wait."""
    for _ in range(5):
        await claim(store, clock)
    for _ in range(100):
        assert await wait_of(store, clock) == 300
    clock.forward(minutes=5)
    await claim(store, clock)


async def test_a_hundred_in_thirty_days(store: Store, clock: Travel) -> None:
    """Failures with successes between them show that success resets no month."""
    for number in range(100):
        await claim(store, clock, known=True)
        if number % 10 == 0:
            await settle(store, clock, await claim(store, clock, known=True), verified=True)
        clock.forward(minutes=5)
    wait = await wait_of(store, clock, known=True)
    assert wait == 30 * 24 * 3600 - 100 * 300
    clock.forward(seconds=wait)
    await claim(store, clock, known=True)


async def test_strangers_are_shut_out_and_the_person_is_not(store: Store, clock: Travel) -> None:
    """THREATS 57: 50 strange failures in a row show a door shut to strangers, until a success."""
    for _ in range(STRANGERS_CLOSE_AT):
        await claim(store, clock)
        clock.forward(minutes=5)
    wait = await wait_of(store, clock)
    assert wait is not None
    assert wait > 3600
    await settle(store, clock, await claim(store, clock, known=True), verified=True)
    await claim(store, clock)


@pytest.mark.conforms("NIST-RL-2")
async def test_the_hundredth_in_a_row_is_the_last(store: Store, clock: Travel) -> None:
    """100 failures from both buckets show which one is last, and that nothing follows it."""
    for number in range(1, DISABLE_AT + 1):
        made = await claim(store, clock, known=number > 40)
        assert made.last == (number == DISABLE_AT)
        clock.forward(minutes=6)
    assert await wait_of(store, clock, known=True)
    assert await wait_of(store, clock)


@pytest.mark.conforms("NIST-RL-4")
async def test_a_new_secret_starts_a_new_run(store: Store, clock: Travel) -> None:
    """An authenticator enrolled after the factor was disabled shows that it can be used."""
    for number in range(DISABLE_AT):
        await claim(store, clock, known=number > 40)
        clock.forward(minutes=6)
    clock.forward(seconds=1)
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator(created_at=clock()))
    assert not (await claim(store, clock, known=True)).last


async def test_a_reset_forgives(store: Store, clock: Travel) -> None:
    """An operator's reset shows that tries at the secrets of before count no longer."""
    for _ in range(5):
        await claim(store, clock)
    clock.forward(seconds=1)
    async with store.begin() as tx:
        await tx.accounts.reset(ADA)
    clock.forward(seconds=1)
    await claim(store, clock)


async def test_an_outcome_is_recorded_once(store: Store, clock: Travel) -> None:
    """Settling twice shows that a failure cannot become a success afterwards."""
    made = await claim(store, clock)
    await settle(store, clock, made, verified=False)
    with pytest.raises(Conflict):
        await settle(store, clock, made, verified=True)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=25))
async def test_no_window_is_ever_exceeded(
    store: Store, clock: Travel, steps: list[tuple[int, bool]]
) -> None:
    """Any rhythm of claims shows at most so many failures in any window, as the rule says."""
    person = Person("app", f"p{clock.forward(days=40).timestamp()}")
    failed: list[datetime] = []
    for wait, verified in steps:
        now = clock.forward(seconds=wait)
        full = any(sum(now - at < window for at in failed) >= limit for window, limit in WINDOWS)
        if full:
            with pytest.raises(TooManyAttempts) as refused:
                await claim(store, clock, person)
            assert (refused.value.retry_after_s or 0) <= timedelta(days=30).total_seconds()
            continue
        await settle(store, clock, await claim(store, clock, person), verified=verified)
        failed += [] if verified else [now]


async def test_a_look_counts_nothing(store: Store, clock: Travel) -> None:
    """Looking at a bucket shows the wait that a try would be told, for each bucket its own, and a
    hundred looks leave the next try as it was; somebody unknown is not made by it.
    """

    async def look(person: Person = ADA, *, known: bool = False) -> int | None:
        async with store.read() as tx:
            return await tx.attempts.closed(person, "totp", known=known, now=clock())

    assert await look(TWIN) is None
    for _ in range(5):
        assert await look() is None
        await claim(store, clock)
    clock.forward(seconds=10)
    assert [await look() for _ in range(100)] == [290] * 100
    assert await wait_of(store, clock) == 290
    assert await look(known=True) is None
    assert await look(TWIN) is None
    clock.forward(seconds=290)
    assert await look() is None
    async with store.begin() as tx:
        assert await tx.accounts.get(TWIN) is None
        await tx.accounts.forgive(ADA, clock())
    assert await look() is None


async def test_a_look_at_what_no_waiting_opens(store: Store, clock: Travel) -> None:
    """Fifty failures of strangers in a row show a day's wait for them, and none for others."""
    for _ in range(STRANGERS_CLOSE_AT):
        clock.forward(minutes=4)
        await settle(store, clock, await claim(store, clock), verified=False)
    clock.forward(days=31)
    async with store.read() as tx:
        assert await tx.attempts.closed(ADA, "totp", known=False, now=clock()) == 24 * 60 * 60
        assert await tx.attempts.closed(ADA, "totp", known=True, now=clock()) is None
