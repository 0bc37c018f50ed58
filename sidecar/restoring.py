"""What an operator does after a restore: sessions end, open things are void, and it is written."""

from typing import Final

from sidecar.core.feed import EVERYBODY
from sidecar.core.protocols import Clock
from sidecar.flows.record import operated
from sidecar.storage.restoring import make_void
from sidecar.storage.sql import SqlStore

EVENT: Final = "store.restored"


async def restored(store: SqlStore, clock: Clock, by: str, *, tokens: bool) -> dict[str, int]:
    """Nobody is signed in, and nothing is open that was when the backup was made.

    Return what came to its end, by what it was. In one transaction, alone: a sidecar that runs
    already sees all of it or nothing.

    Raises:
        StoreUnavailable: the store cannot be written; nothing was changed.

    """
    now = clock()
    async with store.begin() as tx:
        ended = {
            "sessions": await tx.sessions.end_everybody(now),
            "browsers": await tx.trusted.end_everybody(now),
        }
        void = {**ended, **await make_void(tx.connection, now, tokens=tokens)}
        await tx.feed.append(EVERYBODY, None, None, now)
        await tx.trail.append(operated(None, EVENT, now, by, **void))
    return void
