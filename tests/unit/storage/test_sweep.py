"""What is swept away, and what never is."""

from datetime import timedelta
from pathlib import Path

from tests.conformance.stores import (
    ADA,
    NOW,
    TWIN,
    Travel,
    authenticator,
    challenge,
    open_sqlite,
    session,
    sqlite_file,
    token,
    trusted,
)


async def test_sweeping_takes_only_what_is_over(tmp_path: Path) -> None:
    """Eight days on, expired rows are gone; a trail, tries and what lives show up unchanged."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    try:
        async with store.begin() as tx:
            await tx.sessions.add(session(), token("old"))
            await tx.sessions.add(session("s2", expires_at=NOW + timedelta(days=9)), token("new"))
            await tx.challenges.add(challenge())
            await tx.feed.append("person", TWIN, None, NOW)
            await tx.invitations.add(ADA, token("code"), by="x", expires_at=NOW)
            await tx.authenticators.add(authenticator())
            await tx.trusted.add(trusted(expires_at=NOW), token("counter"))
            await tx.trusted.add(trusted("b2"), token("counter"))
        assert await store.sweep(NOW + timedelta(days=6)) == 0
        assert await store.sweep(NOW + timedelta(days=8, seconds=1)) == 5
        async with store.begin() as tx:
            assert await tx.sessions.get(token("new"), NOW + timedelta(days=8)) is not None
            assert await tx.authenticators.of(ADA) == (authenticator(),)
            assert await tx.trusted.of(ADA, NOW) == (trusted("b2"),)
            await tx.feed.append("person", ADA, None, NOW)
            assert await tx.feed.last() == 2
    finally:
        await store.close()
