"""Tries at secrets, counted in the database before they are checked."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict, TooManyAttempts
from sidecar.core.guessing import WINDOWS, Claim, Closed, Open, Tally, judge
from sidecar.core.model import AuthenticatorStatus, ChallengeId, Person
from sidecar.storage.accounts import SqlAccounts
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.tables import (
    attempts,
    authenticators,
)

CLOSED_RETRY_S = 24 * 60 * 60
"""Told where no waiting helps, so that programs do not come back every few seconds."""

_LONGEST = max(window for window, _ in WINDOWS)


class SqlAttempts:
    """Attempts in `two_factor_attempts`; none is ever taken back, only settled."""

    def __init__(self, connection: AsyncConnection, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._accounts = accounts

    async def claim(
        self,
        person: Person,
        factor: str,
        *,
        known: bool,
        challenge: ChallengeId,
        now: datetime,
        lasting: bool = True,
    ) -> Claim:
        """One try is counted, atomically with the check that it may be made.

        The person's row is locked first: claims of one person queue, so that 200 at once count as
        200 and not as one (THREATS 50).

        Raises:
            TooManyAttempts: the bucket is closed; nothing was counted.

        """
        verdict = await self._admitted(person, factor, known=known, now=now, lasting=lasting)
        added = await self._connection.execute(
            insert(attempts)
            .values(
                **person_values(person),
                factor=factor,
                known=known,
                challenge_id=challenge,
                at=now,
                verified=False,
            )
            .returning(attempts.c.id)
        )
        return Claim(added.scalar_one(), last=verdict.last)

    async def _admitted(
        self, person: Person, factor: str, *, known: bool, now: datetime, lasting: bool
    ) -> Open:
        reset_at = await self._accounts.lock(person, now)
        failed = _failed(person, factor, reset_at)
        tally = await self._tally(person, factor, failed, known=known, now=now)
        if not lasting:
            tally = replace(tally, streak=0, strangers_streak=0)
        verdict = judge(tally, known=known)
        if isinstance(verdict, Closed):
            message = "tries of this factor are used up"
            raise TooManyAttempts(message, retry_after_s=_wait(verdict))
        return verdict

    async def closed(
        self, person: Person, factor: str, *, known: bool, now: datetime
    ) -> int | None:
        """Return for how many seconds no try may be made; None: one may. Nothing is counted."""
        failed = _failed(person, factor, await self._accounts.reset_at(person))
        tally = await self._tally(person, factor, failed, known=known, now=now)
        verdict = judge(tally, known=known)
        return _wait(verdict) if isinstance(verdict, Closed) else None

    async def settle(self, claim: Claim, *, verified: bool, now: datetime) -> None:
        """The try's outcome is recorded; a try that is never settled stays a failure.

        Raises:
            Conflict: it is settled already; the first outcome stands.

        """
        settled = await self._connection.execute(
            update(attempts)
            .where(attempts.c.id == claim.id, attempts.c.settled_at.is_(None))
            .values(settled_at=now, verified=verified)
        )
        if settled.rowcount != 1:
            raise Conflict(f"attempt {claim.id} is not open")

    async def _tally(
        self,
        person: Person,
        factor: str,
        failed: ColumnElement[bool],
        *,
        known: bool,
        now: datetime,
    ) -> Tally:
        bucket = and_(failed, attempts.c.known == known, attempts.c.at > now - _LONGEST)
        query = select(attempts.c.at).where(bucket).order_by(attempts.c.at)
        times = (await self._connection.execute(query)).scalars().all()
        streak, strangers = await self._streaks(person, factor, failed)
        return Tally(
            in_window=tuple(len(_within(times, window, now)) for window, _ in WINDOWS),
            frees_in_s=tuple(_frees_in_s(times, window, now) for window, _ in WINDOWS),
            streak=streak,
            strangers_streak=strangers,
        )

    async def _streaks(
        self, person: Person, factor: str, failed: ColumnElement[bool]
    ) -> tuple[int, int]:
        """Count the failures since the last success, or since the newest secret if that is later.

        Without the second, a factor disabled by a stranger could never be used again, not even
        after recovery with a new authenticator.
        """
        mine = and_(of_person(attempts, person), attempts.c.factor == factor)
        success = select(func.max(attempts.c.id)).where(mine, attempts.c.verified)
        newest = select(func.max(authenticators.c.created_at)).where(
            of_person(authenticators, person),
            authenticators.c.factor == factor,
            authenticators.c.status == AuthenticatorStatus.ACTIVE,
        )
        last = (await self._connection.execute(success)).scalar_one()
        since = (await self._connection.execute(newest)).scalar_one()
        run = and_(failed, attempts.c.id > (last or 0))
        if since is not None:
            run = and_(run, attempts.c.at >= since)
        count = select(func.count()).select_from(attempts)
        everywhere = (await self._connection.execute(count.where(run))).scalar_one()
        strangers = await self._connection.execute(count.where(run, not_(attempts.c.known)))
        return everywhere, strangers.scalar_one()


def _wait(verdict: Closed) -> int:
    return CLOSED_RETRY_S if verdict.retry_after_s is None else verdict.retry_after_s


def _failed(person: Person, factor: str, since: datetime | None) -> ColumnElement[bool]:
    mine = and_(of_person(attempts, person), attempts.c.factor == factor, not_(attempts.c.verified))
    return mine if since is None else and_(mine, attempts.c.at >= since)


def _within(times: Sequence[datetime], window: timedelta, now: datetime) -> list[datetime]:
    return [at for at in times if at > now - window]


def _frees_in_s(times: Sequence[datetime], window: timedelta, now: datetime) -> int:
    inside = _within(times, window, now)
    return math.ceil((inside[0] + window - now).total_seconds()) if inside else 0
