"""What every store keeps of requests for recovery."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.recoveries import RecoveryId, RecoveryStatus
from sidecar.core.stores import APART, Store
from tests.conformance.stores import NOW, TWIN, recovery

R1, R2 = RecoveryId("r1"), RecoveryId("r2")
LATER = NOW + timedelta(hours=1)


@pytest.mark.threat(41)
async def test_a_request_is_decided_once_and_by_another(store: Store) -> None:
    """Whoever asked shows no power to decide; the first other one decides, and nobody after."""
    async with store.begin() as tx:
        await tx.recoveries.add(recovery())
        assert await tx.recoveries.get(R1) == recovery()
        assert not await tx.recoveries.decide(R1, RecoveryStatus.APPROVED, "t1", LATER)
        assert await tx.recoveries.decide(R1, RecoveryStatus.APPROVED, "t2", LATER)
        decided = replace(recovery(), status=RecoveryStatus.APPROVED, decided_at=LATER)
        assert await tx.recoveries.get(R1) == decided
        assert not await tx.recoveries.decide(R1, RecoveryStatus.DENIED, "t3", LATER)
        assert await tx.recoveries.get(R1) == decided


async def test_a_request_is_for_its_time(store: Store) -> None:
    """An expired request, and one that never was, show nothing to decide."""
    async with store.begin() as tx:
        await tx.recoveries.add(recovery())
        over = recovery().expires_at
        assert not await tx.recoveries.decide(R1, RecoveryStatus.APPROVED, "t2", over)
        assert not await tx.recoveries.decide(R2, RecoveryStatus.APPROVED, "t2", NOW)
        assert await tx.recoveries.get(R2) is None
        soon = over - timedelta(microseconds=1)
        assert await tx.recoveries.decide(R1, RecoveryStatus.DENIED, "t2", soon)


async def test_a_newer_request_takes_the_place(store: Store) -> None:
    """Of two requests of a person the older shows superseded; another person's stays."""
    async with store.begin() as tx:
        await tx.recoveries.add(recovery())
        await tx.recoveries.add(recovery("r3", person=TWIN))
        await tx.recoveries.add(recovery("r2", created_at=LATER))
        superseded = replace(recovery(), status=RecoveryStatus.SUPERSEDED, decided_at=LATER)
        assert await tx.recoveries.get(R1) == superseded
        assert await tx.recoveries.get(RecoveryId("r3")) == recovery("r3", person=TWIN)
        assert not await tx.recoveries.decide(R1, RecoveryStatus.APPROVED, "t2", LATER)
        assert await tx.recoveries.decide(R2, RecoveryStatus.APPROVED, "t2", LATER)


async def test_of_parallel_decisions_one_counts(store: Store) -> None:
    """Twenty who decide at once show one that did."""
    async with store.begin() as tx:
        await tx.recoveries.add(recovery())

    async def decide(number: int) -> bool:
        status = RecoveryStatus.APPROVED if number % 2 else RecoveryStatus.DENIED
        async with store.begin(APART) as tx:
            return await tx.recoveries.decide(R1, status, f"operator:{number}", LATER)

    assert sum(await asyncio.gather(*map(decide, range(20)))) == 1


async def test_of_parallel_requests_one_waits(store: Store) -> None:
    """Twenty who ask at once for one person show one request that can be decided."""

    async def ask(number: int) -> None:
        async with store.begin(APART) as tx:
            await tx.recoveries.add(recovery(f"p{number}"))

    await asyncio.gather(*map(ask, range(20)))
    async with store.begin() as tx:
        ids = [RecoveryId(f"p{number}") for number in range(20)]
        found = [
            await tx.recoveries.decide(which, RecoveryStatus.DENIED, "t2", NOW) for which in ids
        ]
    assert sum(found) == 1


@pytest.mark.parametrize("status", [RecoveryStatus.PENDING, RecoveryStatus.SUPERSEDED])
async def test_only_a_decision_decides(store: Store, status: RecoveryStatus) -> None:
    """A state that nobody decides shows a mistake of the caller."""
    async with store.begin() as tx:
        await tx.recoveries.add(recovery())
        with pytest.raises(ValueError, match="no decision"):
            await tx.recoveries.decide(R1, status, "t2", NOW)
