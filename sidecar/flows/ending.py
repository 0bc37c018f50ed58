"""Sessions are over, everywhere by the feed: all of a person, or those that rest on little."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sidecar.core.assurance import worth
from sidecar.core.model import Level, Person, Proof, Session, SessionId
from sidecar.core.stores import Transaction
from sidecar.core.trusted import SeriesId

Heed = Callable[[Person | None], Awaitable[None]]
"""Makes what was just revoked of a person, or of everybody (None), hold in this process at once.

The feed tells others.
"""


async def unheeded(_person: Person | None) -> None:
    """Nothing is kept in memory here: the command line's is such a process."""


async def end_sessions(
    tx: Transaction, person: Person, now: datetime, *, keep: SessionId | None = None
) -> None:
    """Every session of the person but one is over, and every process learns it from the feed.

    No browser of theirs is remembered any more either.
    """
    await tx.trusted.end(person, None, now)
    if keep is None:
        await tx.sessions.end(person, None)
        await tx.feed.append("person", person, None, now)
        return
    for session in await tx.sessions.of(person, now):
        if session.id != keep:
            await tx.sessions.end(person, session.id)
            await tx.feed.append("session", person, session.id, now)


async def end_remembered(
    tx: Transaction,
    person: Person,
    now: datetime,
    which: SeriesId | None = None,
    *,
    levels: Mapping[str, Level],
) -> int:
    """One browser of the person, or all, are remembered no longer; return how many were.

    Sessions that rest on nothing else are over, and every process learns it from the feed. A proof
    of what is no second factor here carries none of them: they would go on as if remembered.
    """
    ended = await tx.trusted.end(person, which, now)
    await end_recognised(tx, person, now, which, levels=levels)
    return ended


async def end_recognised(
    tx: Transaction,
    person: Person,
    now: datetime,
    which: SeriesId | None = None,
    *,
    levels: Mapping[str, Level],
) -> None:
    """Sessions that rest on this remembered browser, or on any, and on nothing else are over."""
    for session in await tx.sessions.of(person, now):
        series = rests_on(session)
        rests = which in series if which is not None else bool(series)
        if rests and not any(_carries(proof, levels) for proof in session.proofs):
            await tx.sessions.end(person, session.id)
            await tx.feed.append("session", person, session.id, now)


def rests_on(session: Session) -> frozenset[SeriesId]:
    return frozenset(
        SeriesId(proof.authenticator_id) for proof in session.proofs if proof.remembered
    )


def _carries(proof: Proof, levels: Mapping[str, Level]) -> bool:
    """Tell whether a session needs no remembered browser beside this proof."""
    return not proof.remembered and worth(proof, levels) >= Level.TWO_FACTOR
