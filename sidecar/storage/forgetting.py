"""Old tries are forgotten, but for those by which a limit still judges."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import NamedFromClause

from sidecar.core.directory import ERASED
from sidecar.core.guessing import DISABLE_AT, WINDOWS
from sidecar.storage.sweep import AT_A_TIME, Part, Step
from sidecar.storage.tables import accounts, attempts

LONGEST: Final = max(window for window, _ in WINDOWS)
"""No younger try is forgotten, whatever is configured: all of them are counted."""

_CLOCKS: Final = timedelta(minutes=1)
"""More than the clocks of two processes differ."""

_other: Final = attempts.alias("other")


def forgetting(kept: timedelta, now: datetime) -> Step:
    """Return what forgets tries older than `kept`, from the oldest on.

    By their numbers, which grow with time: an index by age would cost every try something.
    """
    before, last = now - max(kept, LONGEST) - _CLOCKS, 0

    async def forget(connection: AsyncConnection) -> Part:
        nonlocal last
        some = select(attempts.c.id, attempts.c.at).where(attempts.c.id > last)
        rows = (await connection.execute(some.order_by(attempts.c.id).limit(AT_A_TIME))).all()
        if not rows or rows[0].at >= before:
            return Part(0, more=False)
        these = attempts.c.id.between(rows[0].id, rows[-1].id), attempts.c.at < before
        last = rows[-1].id
        free = select(attempts.c.id).where(*these, _judged_by_none())
        taken = attempts.c.id.in_(free.with_for_update(skip_locked=True))
        gone = await connection.execute(delete(attempts).where(taken))
        return Part(gone.rowcount, more=True)

    return forget


def _judged_by_none() -> ColumnElement[bool]:
    """Return the condition that no verdict, now or later, depends on the row.

    A failure counts in a row until a later success, or until an operator forgave it, and beyond
    those that disable a factor none makes a difference. The success that ended a row stays for as
    long as a failure before it does, or that one would count again.
    """
    failed, passed = not_(_other.c.verified), _other.c.verified
    later, earlier = _other.c.id > attempts.c.id, _other.c.id < attempts.c.id
    as_many = select(_other.c.id).where(_same(_other), failed, later).offset(DISABLE_AT - 1)
    forgiven = exists().where(
        accounts.c.realm == attempts.c.realm,
        accounts.c.subject == attempts.c.subject,
        accounts.c.reset_at > attempts.c.at,
    )
    return or_(
        attempts.c.realm == ERASED,
        exists().where(_same(_other), passed, later),
        and_(attempts.c.verified, not_(exists().where(_same(_other), failed, earlier))),
        and_(not_(attempts.c.verified), or_(forgiven, as_many.exists())),
    )


def _same(other: NamedFromClause) -> ColumnElement[bool]:
    """Return the condition that the other try is one at the same factor of the same person."""
    return and_(*(other.c[name] == attempts.c[name] for name in ("realm", "subject", "factor")))
