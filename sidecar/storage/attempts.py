"""Tries at secrets, counted in the database before they are checked."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import Conflict, TooManyAttempts
from sidecar.core.guessing import WINDOWS, Claim, Closed, Open, Tally, judge
from sidecar.core.model import AuthenticatorStatus, ChallengeId, Person
from sidecar.storage.columns import Utc, of_whom, person_values, whom
from sidecar.storage.tables import accounts, attempts, authenticators
from sidecar.storage.written import AnyRow, Written

CLOSED_RETRY_S = 24 * 60 * 60
"""Told where no waiting helps, so that programs do not come back every few seconds."""

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _tally() -> Select[*tuple[Any, ...]]:
    """Select what the tries of a person at a factor come to, in one look at them.

    A streak begins after the last success, or with the newest secret if that is later. Without the
    second, a factor disabled by a stranger could never be used again, not even after recovery with
    a new authenticator. What was tried before an operator's reset counts no more.
    """
    factor: ColumnElement[str] = bindparam("factor")
    known = attempts.c.known == bindparam("known")
    earlier = attempts.alias("earlier")
    success = (
        select(earlier.c.id)
        .where(of_whom(earlier), earlier.c.factor == factor, earlier.c.verified)
        .order_by(earlier.c.at.desc(), earlier.c.id.desc())
        .limit(1)
    )
    newest = select(func.max(authenticators.c.created_at)).where(
        of_whom(authenticators),
        authenticators.c.factor == factor,
        authenticators.c.status == AuthenticatorStatus.ACTIVE,
    )
    reset = select(accounts.c.reset_at).where(of_whom(accounts))
    run = and_(
        attempts.c.id > func.coalesce(success.scalar_subquery(), 0),
        attempts.c.at >= func.coalesce(newest.scalar_subquery(), literal(_EVER, Utc())),
    )
    return select(
        *_of_windows(known),
        func.count(case((run, 1))).label("streak"),
        func.count(case((and_(run, not_(attempts.c.known)), 1))).label("strangers_streak"),
    ).where(
        *(of_whom(attempts), attempts.c.factor == factor, not_(attempts.c.verified)),
        attempts.c.at >= func.coalesce(reset.scalar_subquery(), literal(_EVER, Utc())),
    )


def _of_windows(known: ColumnElement[bool]) -> Iterator[ColumnElement[Any]]:
    """Yield how many tries lie in each window, and when the first of them was."""
    for number in range(len(WINDOWS)):
        inside = and_(known, attempts.c.at > bindparam(f"since_{number}", type_=Utc()))
        yield func.count(case((inside, 1))).label(f"number_{number}")
        yield func.min(case((inside, attempts.c.at)), type_=Utc()).label(f"first_{number}")


_TALLY: Final = Written(_tally())
_COUNTED: Final = Written(
    insert(attempts).returning(attempts.c.id),
    sets=("realm", "subject", "factor", "known", "challenge_id", "at", "verified"),
)
_SETTLED: Final = Written(
    update(attempts).where(attempts.c.id == bindparam("which"), attempts.c.settled_at.is_(None)),
    sets=("settled_at", "verified"),
)


class SqlAttempts:
    """Attempts in `two_factor_attempts`; none is ever taken back, only settled."""

    def __init__(self, connection: AsyncConnection, people: tuple[Person, ...] = ()) -> None:
        """`people` are those that the transaction is about; nobody: it happens alone."""
        self._connection = connection
        self._people = people

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

        Transactions about one person queue, so that 200 at once count as 200 and not as one
        (THREATS 50).

        Raises:
            TooManyAttempts: the bucket is closed; nothing was counted.

        """
        if self._people and person not in self._people:
            message = "a try of somebody whose turn it is not"
            raise RuntimeError(message)
        verdict = await self._admitted(person, factor, known=known, now=now, lasting=lasting)
        row = {
            **person_values(person),
            "factor": factor,
            "known": known,
            "challenge_id": challenge,
            "at": now,
            "verified": False,
        }
        added = await _COUNTED.on(self._connection, row)
        return Claim(added.one().id, last=verdict.last)

    async def _admitted(
        self, person: Person, factor: str, *, known: bool, now: datetime, lasting: bool
    ) -> Open:
        tally = await self._tally(person, factor, known=known, now=now)
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
        tally = await self._tally(person, factor, known=known, now=now)
        verdict = judge(tally, known=known)
        return _wait(verdict) if isinstance(verdict, Closed) else None

    async def settle(self, claim: Claim, *, verified: bool, now: datetime) -> None:
        """The try's outcome is recorded; a try that is never settled stays a failure.

        Raises:
            Conflict: it is settled already; the first outcome stands.

        """
        outcome = {"which": claim.id, "settled_at": now, "verified": verified}
        if (await _SETTLED.on(self._connection, outcome)).number != 1:
            raise Conflict(f"attempt {claim.id} is not open")

    async def _tally(self, person: Person, factor: str, *, known: bool, now: datetime) -> Tally:
        begins = {f"since_{number}": now - window for number, (window, _) in enumerate(WINDOWS)}
        asked = {**whom(person), "factor": factor, "known": known, **begins}
        row = (await _TALLY.on(self._connection, asked)).one()
        found = [_window(row, number) for number in range(len(WINDOWS))]
        return Tally(
            in_window=tuple(number for number, _ in found),
            frees_in_s=tuple(
                0 if first is None else math.ceil((first + window - now).total_seconds())
                for (window, _), (_, first) in zip(WINDOWS, found, strict=True)
            ),
            streak=row.streak,
            strangers_streak=row.strangers_streak,
        )


def _window(row: AnyRow, number: int) -> tuple[int, datetime | None]:
    return getattr(row, f"number_{number}"), getattr(row, f"first_{number}")


def _wait(verdict: Closed) -> int:
    return CLOSED_RETRY_S if verdict.retry_after_s is None else verdict.retry_after_s
