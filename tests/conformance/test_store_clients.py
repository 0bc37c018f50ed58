"""What every store keeps of the tokens of the management API."""

from dataclasses import replace
from datetime import timedelta

from sidecar.core.clients import ClientId
from sidecar.core.stores import Store
from tests.conformance.stores import NOW, api_token, token

ONE, OTHER = token("one"), token("other")
LATER = NOW + timedelta(hours=1)


async def test_a_token_is_found_by_its_hash(store: Store) -> None:
    """What was added shows up whole by its own hash, and by no other."""
    async with store.begin() as tx:
        await tx.tokens.add(api_token(), ONE)
        await tx.tokens.add(api_token("t2", networks=(), created_at=LATER), OTHER)
    async with store.read() as tx:
        assert await tx.tokens.find(ONE) == api_token()
        assert await tx.tokens.find(token("none")) is None
        assert await tx.tokens.all() == (
            api_token("t2", networks=(), created_at=LATER),
            api_token(),
        )


async def test_a_token_is_revoked_once(store: Store) -> None:
    """A revoked token shows when it was, stays findable, and is revoked by the first only."""
    async with store.begin() as tx:
        await tx.tokens.add(api_token(), ONE)
        assert await tx.tokens.revoke(ClientId("t1"), LATER)
        assert not await tx.tokens.revoke(ClientId("t1"), LATER + timedelta(hours=1))
        assert not await tx.tokens.revoke(ClientId("none"), LATER)
        assert await tx.tokens.find(ONE) == replace(api_token(), revoked_at=LATER)


async def test_its_last_use_is_kept(store: Store) -> None:
    """Touching one token shows its latest use, and none of another's."""
    async with store.begin() as tx:
        await tx.tokens.add(api_token(), ONE)
        await tx.tokens.add(api_token("t2"), OTHER)
        await tx.tokens.touch(ClientId("t1"), LATER)
        await tx.tokens.touch(ClientId("none"), LATER)
        assert await tx.tokens.find(ONE) == replace(api_token(), last_used_at=LATER)
        assert await tx.tokens.find(OTHER) == api_token("t2")


async def test_whether_any_token_opens_something(store: Store) -> None:
    """Without tokens, and with expired and revoked ones only, a store shows that none does."""
    async with store.begin() as tx:
        assert not await tx.tokens.any_live(NOW)
        await tx.tokens.add(api_token(), ONE)
        assert await tx.tokens.any_live(NOW)
        assert not await tx.tokens.any_live(api_token().expires_at)
        await tx.tokens.revoke(ClientId("t1"), NOW)
        assert not await tx.tokens.any_live(NOW)
