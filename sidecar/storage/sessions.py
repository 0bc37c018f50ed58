"""Server-side sessions, found by the hash of their token."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import (
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
    TokenHash,
)
from sidecar.core.states import SESSION, follow
from sidecar.storage.columns import IDENTIFIER, Utc, of_person, of_whom, whom
from sidecar.storage.dialects import upsert
from sidecar.storage.session_rows import (
    AnyRow,
    columns_of,
    earlier_of,
    kept_as_it_is,
    proofs_of,
    session_of,
    with_proof,
    written,
)
from sidecar.storage.tables import (
    accounts,
    sessions,
)
from sidecar.storage.written import Written

GRACE = timedelta(seconds=30)
"""How long the old token answers after an elevation: requests under way still carry it."""

NO_PREVIOUS: Final = {"previous_hash": None, "previous_until": None, "previous": None}
"""No token from before an elevation answers."""
OVER: Final = {
    "status": SessionStatus.ENDED,
    "proofs": "[]",
    "token_hash": None,
    "stamp": None,
    **NO_PREVIOUS,
}

_NOW: Final = bindparam("now", type_=Utc())
_TOKEN: Final = bindparam("token", type_=IDENTIFIER)


def live() -> Select[*tuple[object, ...]]:
    """Select what goes on `now`: neither ended nor expired, nor begun before the last epoch."""
    theirs = and_(
        accounts.c.realm == sessions.c.realm,
        accounts.c.subject == sessions.c.subject,
    )
    return (
        select(sessions)
        .select_from(sessions.outerjoin(accounts, theirs))
        .where(
            sessions.c.status != SessionStatus.ENDED,
            sessions.c.expires_at > _NOW,
            sessions.c.epoch >= func.coalesce(accounts.c.epoch, 0),
        )
    )


def _here() -> Select[*tuple[object, ...]]:
    """Select those of the sessions that go on whose rows say everything."""
    return live().where(sessions.c.token_hash.is_not(None))


_BY_TOKEN: Final = Written(
    _here().where(
        or_(
            sessions.c.token_hash == _TOKEN,
            and_(sessions.c.previous_hash == _TOKEN, sessions.c.previous_until > _NOW),
        )
    )
)
_HELD: Final = Written(
    _here().where(sessions.c.id == bindparam("which")).with_for_update(of=sessions)
)
_RAISED: Final = Written(
    update(sessions)
    .where(sessions.c.id == bindparam("which"), sessions.c.token_hash == bindparam("before"))
    .returning(*sessions.c),
    sets=(
        *("status", "proofs", "login", "last_seen_at", "token_hash"),
        *("previous_hash", "previous_until", "previous"),
    ),
)
_OF_PERSON: Final = Written(
    _here().where(of_whom(sessions)).order_by(sessions.c.last_seen_at.desc())
)


class SqlSessions:
    """Sessions in `sessions`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: Session, token: TokenHash) -> None:
        await self._connection.execute(insert(sessions).values(**columns_of(session, token)))

    async def get(self, token: TokenHash, now: datetime) -> Session | None:
        """Return the live session behind the token.

        The token before the last elevation answers for 30 s more, with the proofs it had then.
        """
        found = await _BY_TOKEN.on(self._connection, {"token": token, "now": now})
        row = found.one_or_none()
        if row is None:
            return None
        return session_of(row) if row.token_hash == token else earlier_of(row)

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
            ChallengeGone: the session ended meanwhile.

        """
        row = await self._held(session, now)
        kept = proofs_of(row.proofs) if row.login in (login, *known_as) else ()
        changed = {
            "status": follow(SESSION, SessionStatus(row.status), "prove"),
            "proofs": written(with_proof(kept, proof)),
            "login": login,
            "last_seen_at": seen_at or now,
            "token_hash": token,
            "previous_hash": row.token_hash,
            "previous_until": now + GRACE,
            "previous": kept_as_it_is(row),
        }
        present = {"which": session, "before": row.token_hash}
        raised = (await _RAISED.on(self._connection, {**present, **changed})).one_or_none()
        if raised is None:
            raise ChallengeGone("the session was elevated meanwhile")
        return session_of(raised)

    async def _held(self, session: SessionId, now: datetime) -> AnyRow:
        """Return the session's row, which nobody else changes until the transaction ends."""
        row = (await _HELD.on(self._connection, {"which": session, "now": now})).one_or_none()
        if row is None:
            raise ChallengeGone("the session is over")
        return row

    async def enter(self, session: Session, token: TokenHash) -> Session:
        """Return the session of this id if it still goes on; else it begins anew, as given.

        It begins without proofs, in the present epoch of its person; one that goes on does so for
        as long as the given one would.
        """
        present = present_epoch(session.person)
        anew: dict[str, object] = {
            **columns_of(session, token),
            "status": SessionStatus.PENDING,
            "proofs": written(()),
            "epoch": present,
            "stamp": None,
        }
        over = or_(
            sessions.c.status == SessionStatus.ENDED,
            sessions.c.expires_at <= session.created_at,
            sessions.c.epoch < present,
            sessions.c.token_hash.is_(None),
        )
        theirs = of_person(sessions, session.person)
        await self._connection.execute(
            upsert(self._connection, sessions)
            .values(**anew)
            .on_conflict_do_update(
                index_elements=(sessions.c.id,),
                set_={**anew, **NO_PREVIOUS},
                where=and_(theirs, over),
            )
        )
        await self._connection.execute(
            update(sessions)
            .where(_going_on(session.id), theirs, sessions.c.expires_at < session.expires_at)
            .values(expires_at=session.expires_at)
        )
        found = await self._connection.execute(_by_id(session.id).where(theirs))
        return session_of(found.one())

    async def touch(self, session: SessionId, now: datetime) -> None:
        await self._connection.execute(
            update(sessions)
            .where(_going_on(session), sessions.c.last_seen_at < now)
            .values(last_seen_at=now)
        )

    async def drop_proofs(self, session: SessionId) -> None:
        """The session is pending again; the old token's grace, and its proofs, are over too."""
        await self._connection.execute(
            update(sessions)
            .where(_going_on(session))
            .values(status=SessionStatus.PENDING, proofs=written(()), **NO_PREVIOUS)
        )

    async def end(self, person: Person, session: SessionId | None) -> tuple[SessionId, ...]:
        """One session of the person, or all, are ended; return which."""
        wanted = and_(of_person(sessions, person), sessions.c.status != SessionStatus.ENDED)
        if session is not None:
            wanted = and_(wanted, sessions.c.id == session)
        ending = update(sessions).where(wanted).values(**OVER).returning(sessions.c.id)
        ended = await self._connection.execute(ending)
        return tuple(SessionId(which) for which in sorted(ended.scalars()))

    async def end_everybody(self, now: datetime) -> int:
        """Every session of everybody is ended, by one statement; return how many went on."""
        going_on = and_(sessions.c.status != SessionStatus.ENDED, sessions.c.expires_at > now)
        ended = await self._connection.execute(update(sessions).where(going_on).values(**OVER))
        return ended.rowcount

    async def number(self, person: Person, now: datetime) -> int:
        """Return how many live sessions the person has, wherever their contents are."""
        theirs = live().where(of_person(sessions, person)).subquery()
        query = select(func.count()).select_from(theirs)
        number: int = (await self._connection.execute(query, {"now": now})).scalar_one()
        return number

    async def of(self, person: Person, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of the person, last seen first."""
        found = await _OF_PERSON.on(self._connection, {**whom(person), "now": now})
        return tuple(session_of(row) for row in found.rows)


def present_epoch(person: Person) -> ColumnElement[int]:
    present = select(accounts.c.epoch).where(of_person(accounts, person)).scalar_subquery()
    return func.coalesce(present, 0)


def _by_id(session: SessionId) -> Select[*tuple[object, ...]]:
    return select(sessions).where(sessions.c.id == session)


def _going_on(session: SessionId) -> ColumnElement[bool]:
    return and_(sessions.c.id == session, sessions.c.status != SessionStatus.ENDED)
