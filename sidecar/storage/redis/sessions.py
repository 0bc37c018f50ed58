"""Sessions whose contents Redis keeps: the database says that they are, and what of it counts.

What gives is in Redis before the transaction ends and counts once it has; what takes away is
written in the database alone. So Redis can lose a session, and revive none.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, insert, select, update

from sidecar.core.errors import ChallengeGone, StoreUnavailable
from sidecar.core.model import Person, Proof, Session, SessionId, SessionStatus, TokenHash
from sidecar.core.states import SESSION, follow
from sidecar.storage.columns import of_person, whom
from sidecar.storage.dialects import upsert
from sidecar.storage.redis.connection import RedisConnection
from sidecar.storage.redis.contents import (
    AnyRow,
    Contents,
    Shown,
    contents_of,
    replaced,
    session_of,
)
from sidecar.storage.redis.cupboard import Cupboard, everything
from sidecar.storage.redis.line import RedisDown
from sidecar.storage.redis.rows import (
    FOUND,
    HELD,
    OF_PERSON,
    Query,
    columns_of,
    going_on,
    new_stamp,
    stamped,
)
from sidecar.storage.session_rows import with_proof
from sidecar.storage.sessions import GRACE, OVER, SqlSessions, present_epoch
from sidecar.storage.shelf import Work
from sidecar.storage.tables import sessions

_TRIES: Final = 3
"""Each time somebody else was faster, whose session is then the one that goes on."""


class RedisShelf:
    """Keeps what was proven in sessions in Redis."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def sessions(self, work: Work) -> "RedisSessions":
        return RedisSessions(work, Cupboard(self._redis, work.vault, work.clock))


class RedisSessions:
    """Sessions in Redis, as one transaction sees and changes them."""

    def __init__(self, work: Work, cupboard: Cupboard) -> None:
        self._work = work
        self._connection = work.connection
        self._cupboard = cupboard
        self._read: dict[tuple[str, str], Contents | None] = {}
        """What this transaction has read, so that it asks for nothing twice."""

    async def add(self, session: Session, token: TokenHash) -> None:
        stamp = new_stamp()
        await self._connection.execute(insert(sessions).values(**columns_of(session, stamp)))
        await self._put(session.id, stamp, contents_of(session, token), session.expires_at)

    async def get(self, token: TokenHash, now: datetime) -> Session | None:
        """Return the live session behind the token.

        The token before the last elevation answers for 30 s more, with the proofs it had then.
        """
        which = await self._cupboard.find(token)
        if which is None:
            return None
        found = await FOUND.on(self._connection, {"which": which, "now": now})
        row = found.one_or_none()
        contents = None if row is None else await self._contents(row)
        if row is None or contents is None:
            return None
        if contents.token == token:
            return session_of(row, contents)
        previous = contents.previous
        if previous is None or previous.token != token or previous.until <= now:
            return None
        return session_of(row, contents, previous.shown)

    async def elevate(
        self,
        session: SessionId,
        proof: Proof,
        token: TokenHash,
        *,
        login: str,
        now: datetime,
        known_as: tuple[str, ...] = (),
        seen_at: datetime | None = None,
    ) -> Session:
        """The session holds the proof and answers to the new token only (and the old one's grace).

        Proofs of another login than this one are dropped; of one authenticator the latest is kept.

        Raises:
            ChallengeGone: the session ended meanwhile, or what was proven in it was lost.

        """
        held = await HELD.on(self._connection, {"which": session, "now": now})
        row = held.one_or_none()
        contents = None if row is None else await self._contents(row)
        if row is None or contents is None:
            raise ChallengeGone("the session is over")
        kept = contents.shown.proofs if contents.shown.login in (login, *known_as) else ()
        status = follow(SESSION, contents.shown.status, "prove")
        shown = Shown(status, with_proof(kept, proof), login)
        after = replaced(contents, shown, token, now + GRACE)
        raised = replace(after, seen_at=seen_at or now)
        if not await self._exchange(row, contents, raised):
            raise ChallengeGone("the session was elevated meanwhile")
        return session_of(row, raised)

    async def enter(self, session: Session, token: TokenHash) -> Session:
        """Return the session of this id if it still goes on; else it begins anew, as given.

        It begins without proofs, in the present epoch of its person; one that goes on does so for
        as long as the given one would.

        Raises:
            StoreUnavailable: the id is another person's, or many others begin it right now.

        """
        for _ in range(_TRIES):
            row = await self._row(select(sessions), sessions.c.id == session.id, alone=True)
            entered = (
                await self._begin(session, token)
                if row is None
                else await self._go_on(row, session, token)
            )
            if entered is not None:
                return entered
        raise StoreUnavailable("many begin this session at once", retry_after_s=1)

    async def touch(self, session: SessionId, now: datetime) -> None:
        row = await self._row(select(sessions), going_on(session))
        contents = None if row is None else await self._contents(row)
        if row is not None and contents is not None and contents.seen_at < now:
            seen = replace(contents, seen_at=now)
            await self._cupboard.amend(row.id, row.stamp, seen)
            self._read[row.id, row.stamp] = seen

    async def drop_proofs(self, session: SessionId) -> None:
        """The session is pending again; the old token's grace, and its proofs, are over too.

        Where Redis is down, all of it is over.
        """
        row = await self._row(select(sessions), going_on(session), alone=True)
        if row is None:
            return
        try:
            contents = await self._contents(row)
            if contents is not None:
                bare = Shown(SessionStatus.PENDING, (), contents.shown.login)
                after = replace(contents, shown=bare, previous=None)
                if await self._exchange(row, contents, after):
                    return
        except RedisDown:
            pass
        await self._connection.execute(
            update(sessions).where(sessions.c.id == session).values(**OVER)
        )

    async def end(self, person: Person, session: SessionId | None) -> tuple[SessionId, ...]:
        """One session of the person, or all, are ended; return which. Redis need not be there."""
        wanted = and_(of_person(sessions, person), sessions.c.stamp.is_not(None))
        if session is not None:
            wanted = and_(wanted, sessions.c.id == session)
        rows = await self._connection.execute(select(sessions.c.id, sessions.c.stamp).where(wanted))
        gone = [(row.id, row.stamp) for row in rows]
        self._work.afterwards.append(self._cupboard.remove(gone))
        return await SqlSessions(self._connection).end(person, session)

    async def end_everybody(self, now: datetime) -> int:
        """Every session of everybody is ended, by one statement; return how many went on."""
        return await SqlSessions(self._connection).end_everybody(now)

    async def number(self, person: Person, now: datetime) -> int:
        """Return how many live sessions the person has. Redis need not be there."""
        return await SqlSessions(self._connection).number(person, now)

    async def of(self, person: Person, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of the person, last seen first.

        Whoever writes ends what Redis has lost: it must not be hidden from who ends sessions, to
        be put back afterwards.
        """
        rows = (await OF_PERSON.on(self._connection, {**whom(person), "now": now})).rows
        found = await everything(self._contents(row) for row in rows)
        lost = [row.id for row, contents in zip(rows, found, strict=True) if contents is None]
        if lost and self._work.writes:
            await self._connection.execute(
                update(sessions).where(sessions.c.id.in_(lost)).values(**OVER)
            )
        there = [
            session_of(row, contents)
            for row, contents in zip(rows, found, strict=True)
            if contents is not None
        ]
        return tuple(sorted(there, key=lambda one: one.last_seen_at, reverse=True))

    # -- rows and their contents ---------------------------------------------------------------

    async def _row(
        self, query: Query, *conditions: ColumnElement[bool], alone: bool = False
    ) -> AnyRow | None:
        """Return the row, which nobody else changes until the end if it is to be had alone."""
        wanted = query.where(*conditions)
        if alone:
            wanted = wanted.with_for_update(of=sessions)
        return (await self._connection.execute(wanted)).one_or_none()

    async def _contents(self, row: AnyRow) -> Contents | None:
        key = (row.id, row.stamp)
        if key not in self._read:
            self._read[key] = await self._cupboard.read(*key)
        return self._read[key]

    async def _put(self, which: str, stamp: str, contents: Contents, until: datetime) -> None:
        await self._cupboard.put(which, stamp, contents, until)
        self._read[which, stamp] = contents

    async def _exchange(self, row: AnyRow, before: Contents, after: Contents) -> bool:
        """Return whether the contents are these, from the moment that the transaction ends.

        Not so if somebody else exchanged them first.
        """
        stamp = new_stamp()
        exchanged = await self._connection.execute(
            update(sessions)
            .where(going_on(row.id), sessions.c.stamp == row.stamp)
            .values(stamp=stamp, status=after.shown.status)
        )
        if exchanged.rowcount != 1:
            return False
        await self._put(row.id, stamp, after, row.expires_at)
        self._work.afterwards.append(self._cupboard.clear(row.id, row.stamp, before, after))
        return True

    async def _begin(self, session: Session, token: TokenHash) -> Session | None:
        """Return the session, begun; None where somebody else was faster."""
        anew, stamp = await self._anew(session), new_stamp()
        begun = await self._connection.execute(
            upsert(self._connection, sessions)
            .values(**columns_of(anew, stamp))
            .on_conflict_do_nothing(index_elements=(sessions.c.id,))
        )
        if begun.rowcount != 1:
            return None
        await self._put(anew.id, stamp, contents_of(anew, token), anew.expires_at)
        return anew

    async def _go_on(self, row: AnyRow, session: Session, token: TokenHash) -> Session | None:
        """Return the session of the row, for longer or begun anew; None where it changed."""
        if Person(row.realm, row.subject) != session.person:
            raise StoreUnavailable("the session is another person's")
        anew = await self._anew(session)
        goes_on = (
            row.status != SessionStatus.ENDED
            and row.expires_at > session.created_at
            and row.epoch >= anew.epoch
            and row.stamp is not None
        )
        contents = await self._contents(row) if goes_on else None
        if contents is not None:
            until = max(row.expires_at, session.expires_at)
            await self._connection.execute(
                update(sessions).where(sessions.c.id == session.id).values(expires_at=until)
            )
            self._work.afterwards.append(self._cupboard.outlive(row.id, row.stamp, contents, until))
            return replace(session_of(row, contents), expires_at=until)
        stamp = new_stamp()
        begun = await self._connection.execute(
            update(sessions)
            .where(sessions.c.id == session.id, stamped(row.stamp))
            .values(**columns_of(anew, stamp))
        )
        if begun.rowcount != 1:
            return None
        await self._put(anew.id, stamp, contents_of(anew, token), anew.expires_at)
        return anew

    async def _anew(self, session: Session) -> Session:
        """Return the session as it begins: without proofs, in the present epoch."""
        epoch = await self._connection.execute(select(present_epoch(session.person)))
        return replace(
            session, status=SessionStatus.PENDING, proofs=(), epoch=int(epoch.scalar_one())
        )
