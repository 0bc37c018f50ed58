"""What every store keeps of authenticators: whole, theirs alone, and replaced by one winner."""

import asyncio
from datetime import timedelta

import pytest

from sidecar.core.errors import Conflict, StaleMaterial
from sidecar.core.model import (
    AuthenticatorId,
    AuthenticatorStatus,
    Level,
    Material,
    PublicKey,
    SharedSecret,
)
from sidecar.core.stores import Store
from tests.conformance.stores import ADA, NOW, SECRET, TWIN, authenticator, codes

A1 = AuthenticatorId("a1")
KEY = PublicKey(b"id", b"cose", 7, {"backed_up": True, "name": "key"})


@pytest.mark.parametrize("material", [SECRET, codes("AAAA", "BBBB"), codes(), KEY])
async def test_what_was_added_comes_back(store: Store, material: Material) -> None:
    """Each kind of material shows up again exactly, for its person alone."""
    added = authenticator(material=material, level=Level.PHISHING_RESISTANT)
    async with store.begin() as tx:
        await tx.authenticators.add(added)
    async with store.read() as tx:
        assert await tx.authenticators.of(ADA) == (added,)
        assert await tx.authenticators.get(ADA, A1) == added
        assert await tx.authenticators.of(TWIN) == ()
        assert await tx.authenticators.get(TWIN, A1) is None


async def test_a_hold_stays_until_it_is_released(store: Store) -> None:
    """Suspending, resuming and using what is held show the hold unchanged; a release ends it once,
    for whoever read it last.
    """
    until = NOW + timedelta(hours=24)
    added = authenticator(level=Level.PHISHING_RESISTANT, held_until=until)
    async with store.begin() as tx:
        await tx.authenticators.add(added)
        moved = await tx.authenticators.move(added, "suspend", NOW)
        moved = await tx.authenticators.move(moved, "resume", NOW)
        await tx.authenticators.replace(moved, None, used_at=NOW)
        (found,) = await tx.authenticators.of(ADA)
        assert (found.held_until, found.held_level) == (until, Level.TWO_FACTOR)
        released = await tx.authenticators.release(found, NOW)
        assert (released.held_until, released.version) == (None, found.version + 1)
        with pytest.raises(Conflict):
            await tx.authenticators.release(found, NOW)
        assert await tx.authenticators.of(ADA) == (released,)


@pytest.mark.conforms("ASVS-6.5.1", "NIST-SFOV-4")
async def test_one_of_fifty_replaces(store: Store) -> None:
    """Fifty swaps of the same version show one winner: one code is accepted once."""
    current = authenticator()
    async with store.begin() as tx:
        await tx.authenticators.add(current)

    async def swap(step: int) -> bool:
        try:
            async with store.begin() as tx:
                fresh = SharedSecret(SECRET.secret, {"step": step})
                await tx.authenticators.replace(current, fresh, used_at=NOW)
        except StaleMaterial:
            return False
        return True

    assert sum(await asyncio.gather(*(swap(step) for step in range(50)))) == 1
    async with store.read() as tx:
        (after,) = await tx.authenticators.of(ADA)
    assert (after.version, after.last_used_at) == (2, NOW)
    assert isinstance(after.material, SharedSecret)


async def test_unchanged_material_is_a_swap_too(store: Store) -> None:
    """Replacing by nothing shows a new version with the old material, and one winner."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        await tx.authenticators.replace(authenticator(), None, used_at=None)
        (after,) = await tx.authenticators.of(ADA)
        assert (after.version, after.material, after.last_used_at) == (2, SECRET, None)
        with pytest.raises(StaleMaterial):
            await tx.authenticators.replace(authenticator(), None, used_at=None)


@pytest.mark.conforms("ASVS-6.5.1", "NIST-LSV-2")
async def test_a_code_is_spent_once(store: Store) -> None:
    """Two codes of one set in turn, then one again, show that each works once."""
    current = authenticator(material=codes("AAAA", "BBBB"))
    both = {"AAAA": NOW, "BBBB": NOW + timedelta(minutes=1)}
    async with store.begin() as tx:
        await tx.authenticators.add(current)
        once = codes("AAAA", "BBBB", used={"AAAA": NOW})
        await tx.authenticators.replace(current, once, used_at=NOW)
        with pytest.raises(StaleMaterial):
            await tx.authenticators.replace(current, once, used_at=NOW)
        (current,) = await tx.authenticators.of(ADA)
        assert current.material == once
        await tx.authenticators.replace(
            current, codes("AAAA", "BBBB", used=both), used_at=both["BBBB"]
        )
        (current,) = await tx.authenticators.of(ADA)
        assert current.material == codes("AAAA", "BBBB", used=both)
        assert not current.usable


async def test_a_new_set_replaces_the_old_whole(store: Store) -> None:
    """Another set of codes shows that none of the old one is left, used or not."""
    current = authenticator(material=codes("AAAA", "BBBB", used={"AAAA": NOW}))
    async with store.begin() as tx:
        await tx.authenticators.add(current)
        await tx.authenticators.replace(current, codes("AAAA", "CCCC"), used_at=None)
        (after,) = await tx.authenticators.of(ADA)
        assert after.material == codes("AAAA", "CCCC")
        fresh = codes("CCCC")
        await tx.authenticators.replace(after, fresh, used_at=None)
        assert (await tx.authenticators.of(ADA))[0].material == fresh
        await tx.authenticators.replace((await tx.authenticators.of(ADA))[0], SECRET, used_at=None)
        assert (await tx.authenticators.of(ADA))[0].material == SECRET


async def test_states_follow_the_table(store: Store) -> None:
    """A suspended one shows no use, comes back whole; a removed one shows as gone."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        suspended = await tx.authenticators.move(authenticator(), "suspend", NOW)
        assert suspended.status is AuthenticatorStatus.SUSPENDED
        assert await tx.authenticators.of(ADA) == (suspended,)
        with pytest.raises(StaleMaterial):
            await tx.authenticators.replace(suspended, SECRET, used_at=NOW)
        with pytest.raises(Conflict):
            await tx.authenticators.move(suspended, "suspend", NOW)
        resumed = await tx.authenticators.move(suspended, "resume", NOW)
        assert (resumed.usable, resumed.material) == (True, SECRET)
        removed = await tx.authenticators.move(resumed, "remove", NOW)
        assert (removed.status, removed.material) == (AuthenticatorStatus.REMOVED, None)
        assert await tx.authenticators.of(ADA) == ()
        assert await tx.authenticators.get(ADA, A1) is None
        with pytest.raises(Conflict):
            await tx.authenticators.move(removed, "remove", NOW)
        with pytest.raises(Conflict):
            await tx.authenticators.move(authenticator("never"), "suspend", NOW)


async def test_a_state_change_beats_a_verification_under_way(store: Store) -> None:
    """Suspending after another request read the row shows that its swap loses."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        await tx.authenticators.move(authenticator(), "suspend", NOW)
        with pytest.raises(StaleMaterial):
            await tx.authenticators.replace(authenticator(), SECRET, used_at=NOW)


async def test_pending_ones_are_not_listed(store: Store) -> None:
    """An unconfirmed authenticator shows only to who knows its id, until it is confirmed."""
    pending = authenticator(status=AuthenticatorStatus.PENDING)
    async with store.begin() as tx:
        await tx.authenticators.add(pending)
        assert await tx.authenticators.of(ADA) == ()
        assert await tx.authenticators.get(ADA, A1) == pending
        active = await tx.authenticators.move(pending, "confirm", NOW)
        assert await tx.authenticators.of(ADA) == (active,)


async def test_only_the_owner_renames(store: Store) -> None:
    """Another person's rename shows that nothing was there; the owner's changes just the name."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        assert not await tx.authenticators.rename(TWIN, A1, "mine now")
        assert await tx.authenticators.rename(ADA, A1, "Work phone")
        assert await tx.authenticators.of(ADA) == (authenticator(name="Work phone"),)
        await tx.authenticators.move(authenticator(), "remove", NOW)
        assert not await tx.authenticators.rename(ADA, A1, "gone")


async def test_found_whoever_has_or_had_it(store: Store) -> None:
    """An id shows its authenticator without its person, also after that was removed."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        assert await tx.authenticators.find(AuthenticatorId("a1")) == authenticator()
        assert await tx.authenticators.find(AuthenticatorId("a2")) is None
        await tx.authenticators.move(authenticator(), "remove", NOW)
        found = await tx.authenticators.find(AuthenticatorId("a1"))
    assert found is not None
    assert (found.person, found.status) == (ADA, AuthenticatorStatus.REMOVED)
