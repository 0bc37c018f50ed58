"""A process that claims tries, or writes and waits to be killed; started by the tests."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from sidecar.core.errors import TooManyAttempts
from sidecar.core.model import ChallengeId
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import ADA, Travel, authenticator, event, open_sqlite

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def claim(store: SqlStore) -> None:
    """Print how many of fifty parallel claims were let through."""

    async def one() -> bool:
        try:
            async with store.begin() as tx:
                await tx.attempts.claim(
                    ADA, "totp", known=False, challenge=ChallengeId("c"), now=NOW
                )
        except TooManyAttempts:
            return False
        return True

    sys.stdin.readline()
    print(sum(await asyncio.gather(*(one() for _ in range(50)))), flush=True)


async def committed(store: SqlStore) -> None:
    """Say so after a commit, and wait."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        await tx.accounts.mark_enrolled(ADA, NOW)
        await tx.trail.append(event())
    print("committed", flush=True)
    await asyncio.Event().wait()


async def writing(store: SqlStore) -> None:
    """Say so in the middle of a transaction, and wait."""
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator())
        await tx.accounts.mark_enrolled(ADA, NOW)
        print("writing", flush=True)
        await asyncio.Event().wait()


async def main(act: str, path: str) -> None:
    store = await open_sqlite(Path(path), Travel())
    print("open", flush=True)
    await {"claim": claim, "committed": committed, "writing": writing}[act](store)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
