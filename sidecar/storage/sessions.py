"""Server-side sessions, found by the hash of their token."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import (
    AuthenticatorId,
    Level,
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
    TokenHash,
)
from sidecar.core.states import SESSION, follow
from sidecar.storage.columns import of_person, person_values
from sidecar.storage.dialects import upsert
from sidecar.storage.tables import (
    accounts,
    sessions,
)
from sidecar.storage.vault import canonical

GRACE = timedelta(seconds=30)
"""How long the old token answers after an elevation: requests under way still carry it."""

_NO_PREVIOUS = {"previous_hash": None, "previous_until": None, "previous": None}
_OVER: Final = {
    "status": SessionStatus.ENDED,
    "proofs": "[]",
    "token_hash": None,
    **_NO_PREVIOUS,
}

AnyRow = Row[*tuple[object, ...]]


class SqlSessions:
    """Sessions in `sessions`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: Session, token: TokenHash) -> None:
        await self._connection.execute(insert(sessions).values(**_columns(session, token)))

    async def get(self, token: TokenHash, now: datetime) -> Session | None:
        """Return the live session behind the token.

        The token before the last elevation answers for 30 s more, with the proofs it had then.
        """
        before = and_(sessions.c.previous_hash == token, sessions.c.previous_until > now)
        query = _live(now).where(or_(sessions.c.token_hash == token, before))
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return _session(row) if row.token_hash == token else _earlier(row)

    async def elevate(
        self,
        session: SessionId,
        proof: Proof,
        token: TokenHash,
        *,
        login: str,
        now: datetime,
        seen_at: datetime | None = None,
    ) -> Session:
        """The session holds the proof and answers to the new token only (and the old one's grace).

        Proofs of another login than this one are dropped; of one authenticator the latest is kept.

        Raises:
            ChallengeGone: the session ended meanwhile.

        """
        query = _live(now).where(sessions.c.id == session).with_for_update(of=sessions)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise ChallengeGone("the session is over")
        kept = _read(row.proofs) if row.login == login else ()
        rotated = await self._connection.execute(
            update(sessions)
            .where(sessions.c.id == session, sessions.c.token_hash == row.token_hash)
            .values(
                status=follow(SESSION, SessionStatus(row.status), "prove"),
                proofs=_written(_with(kept, proof)),
                login=login,
                last_seen_at=seen_at or now,
                token_hash=token,
                previous_hash=row.token_hash,
                previous_until=now + GRACE,
                previous=_kept_as_it_is(row),
            )
        )
        if rotated.rowcount != 1:
            raise ChallengeGone("the session was elevated meanwhile")
        return _session((await self._connection.execute(_by_id(session))).one())

    async def enter(self, session: Session, token: TokenHash) -> Session:
        """Return the session of this id if it still goes on; else it begins anew, as given.

        It begins without proofs, in the present epoch of its person; one that goes on does so for
        as long as the given one would.
        """
        present = _epoch(session.person)
        anew: dict[str, object] = {
            **_columns(session, token),
            "status": SessionStatus.PENDING,
            "proofs": _written(()),
            "epoch": present,
        }
        over = or_(
            sessions.c.status == SessionStatus.ENDED,
            sessions.c.expires_at <= session.created_at,
            sessions.c.epoch < present,
        )
        theirs = of_person(sessions, session.person)
        await self._connection.execute(
            upsert(self._connection, sessions)
            .values(**anew)
            .on_conflict_do_update(
                index_elements=(sessions.c.id,),
                set_={**anew, **_NO_PREVIOUS},
                where=and_(theirs, over),
            )
        )
        await self._connection.execute(
            update(sessions)
            .where(_going_on(session.id), theirs, sessions.c.expires_at < session.expires_at)
            .values(expires_at=session.expires_at)
        )
        found = await self._connection.execute(_by_id(session.id).where(theirs))
        return _session(found.one())

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
            .values(status=SessionStatus.PENDING, proofs=_written(()), **_NO_PREVIOUS)
        )

    async def end(self, person: Person, session: SessionId | None) -> tuple[SessionId, ...]:
        """One session of the person, or all, are ended; return which."""
        wanted = and_(of_person(sessions, person), sessions.c.status != SessionStatus.ENDED)
        if session is not None:
            wanted = and_(wanted, sessions.c.id == session)
        ending = update(sessions).where(wanted).values(**_OVER).returning(sessions.c.id)
        ended = await self._connection.execute(ending)
        return tuple(SessionId(which) for which in sorted(ended.scalars()))

    async def end_everybody(self, now: datetime) -> int:
        """Every session of everybody is ended, by one statement; return how many went on."""
        going_on = and_(sessions.c.status != SessionStatus.ENDED, sessions.c.expires_at > now)
        ended = await self._connection.execute(update(sessions).where(going_on).values(**_OVER))
        return ended.rowcount

    async def of(self, person: Person, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of the person, last seen first."""
        query = _live(now).where(of_person(sessions, person))
        rows = await self._connection.execute(query.order_by(sessions.c.last_seen_at.desc()))
        return tuple(_session(row) for row in rows)


def _columns(session: Session, token: TokenHash) -> dict[str, object]:
    return {
        "id": session.id,
        **person_values(session.person),
        "status": session.status,
        "token_hash": token,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "last_seen_at": session.last_seen_at,
        "proofs": _written(session.proofs),
        "login": session.login,
        "epoch": session.epoch,
        "user_agent": session.user_agent,
        "address": session.address,
        "client": session.client,
    }


def _epoch(person: Person) -> ColumnElement[int]:
    present = select(accounts.c.epoch).where(of_person(accounts, person)).scalar_subquery()
    return func.coalesce(present, 0)


def _live(now: datetime) -> Select[*tuple[object, ...]]:
    """Select sessions that go on: neither ended nor expired, nor begun before the last epoch."""
    theirs = and_(
        accounts.c.realm == sessions.c.realm,
        accounts.c.subject == sessions.c.subject,
    )
    return (
        select(sessions)
        .select_from(sessions.outerjoin(accounts, theirs))
        .where(
            sessions.c.status != SessionStatus.ENDED,
            sessions.c.expires_at > now,
            sessions.c.epoch >= func.coalesce(accounts.c.epoch, 0),
        )
    )


def _by_id(session: SessionId) -> Select[*tuple[object, ...]]:
    return select(sessions).where(sessions.c.id == session)


def _going_on(session: SessionId) -> ColumnElement[bool]:
    return and_(sessions.c.id == session, sessions.c.status != SessionStatus.ENDED)


def _with(proofs: tuple[Proof, ...], proof: Proof) -> tuple[Proof, ...]:
    source = (proof.factor, proof.authenticator_id)
    return (*(old for old in proofs if (old.factor, old.authenticator_id) != source), proof)


def _session(row: AnyRow) -> Session:
    return _as_it_was(row, status=row.status, proofs=row.proofs, login=row.login)


def _kept_as_it_is(row: AnyRow) -> str:
    """Return what the token before the next elevation answers with."""
    kept = {"status": row.status, "proofs": row.proofs, "login": row.login}
    return canonical(kept).decode()


def _earlier(row: AnyRow) -> Session:
    return _as_it_was(row, **json.loads(row.previous))


def _as_it_was(row: AnyRow, *, status: str, proofs: str, login: str) -> Session:
    return Session(
        id=SessionId(row.id),
        person=Person(row.realm, row.subject),
        status=SessionStatus(status),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_seen_at=row.last_seen_at,
        proofs=_read(proofs),
        login=login,
        epoch=row.epoch,
        user_agent=row.user_agent,
        address=row.address,
        client=row.client,
    )


def _written(proofs: tuple[Proof, ...]) -> str:
    return canonical(
        [
            [
                *(proof.factor, proof.authenticator_id, list(proof.amr), proof.at.isoformat()),
                int(proof.most),
            ]
            for proof in proofs
        ]
    ).decode()


def _read(written: str) -> tuple[Proof, ...]:
    return tuple(
        Proof(
            factor,
            AuthenticatorId(which),
            tuple(amr),
            datetime.fromisoformat(at).astimezone(UTC),
            *map(Level, most),
        )
        for factor, which, amr, at, *most in json.loads(written)
    )
