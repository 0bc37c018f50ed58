"""What is read at a glance: a single row, without a transaction around it."""

import pytest

from sidecar.core.errors import ChallengeGone, StoreUnavailable
from sidecar.core.stores import Store
from tests.conformance.stores import ADA, NOW, challenge


async def test_a_glance_sees_the_moment_at_which_it_asks(store: Store) -> None:
    """What is committed meanwhile shows at a glance, and not to whoever reads one moment."""
    async with store.read(), store.glance():
        pass  # a connection that is new is proven first, in a transaction
    async with store.read() as reading, store.glance() as glancing:
        for seeing in (reading, glancing):
            assert await seeing.accounts.get(ADA) is None
        async with store.begin() as tx:
            await tx.accounts.ensure(ADA, NOW)
        assert await reading.accounts.get(ADA) is None
        assert await glancing.accounts.get(ADA) is not None


async def test_a_glance_changes_nothing(store: Store) -> None:
    """A change at a glance shows refused, and nothing of it is there."""
    with pytest.raises(StoreUnavailable):
        async with store.glance() as tx:
            await tx.challenges.add(challenge())
    async with store.read() as tx:
        with pytest.raises(ChallengeGone):
            await tx.challenges.get(challenge().id, ADA, challenge().session_id, NOW)
