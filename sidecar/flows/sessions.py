"""Sessions: opened, recalled from memory, raised by proofs, dropped and ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sidecar.core.errors import NotFound, StoreUnavailable
from sidecar.core.model import (
    Identity,
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
    TokenHash,
)
from sidecar.core.outage import LASTS
from sidecar.core.stores import Transaction
from sidecar.flows.ending import end_sessions, rests_on
from sidecar.flows.kit import SESSIONS_OPENED, Entered, Kit, counted_under, new_id
from sidecar.flows.record import act
from sidecar.flows.revocations import Revocations
from sidecar.flows.stated import record_stated
from sidecar.flows.visit import Visit, coarse
from sidecar.metrics.words import Found

KEPT_FOR = timedelta(seconds=30)
"""How long a session may be answered from memory; a revocation drops it within a second.

No longer than the grace of an old token: what another process keeps must not lengthen that.
"""

TOUCHED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    session: Session
    until: datetime


class Sessions:
    """The session flows and the memory in front of the store."""

    def __init__(self, kit: Kit, revocations: Revocations) -> None:
        self._kit = kit
        self._revocations = revocations
        self._kept: dict[TokenHash, _Kept] = {}
        self._forgotten = 0
        """Grows with everything forgotten; what was read before is not kept after."""
        revocations.listen(self._revoked)

    # -- recalling -----------------------------------------------------------------------------

    def hashed(self, token: str) -> TokenHash | None:
        """Return the stored form of a session token; None for what is none of ours."""
        return self._kit.tokens.session_hash(token)

    def at_hand(self, hashed: TokenHash, now: datetime) -> Session | None:
        """Return the live session from memory, where memory may be trusted; None asks to look."""
        kept = self._kept.get(hashed)
        if kept is None or now >= kept.until or not self._revocations.current(now):
            return None
        if not self._alive(kept.session, now):
            return None
        self._kit.looked_up(Found.MEMORY)
        return kept.session

    def outlasting(self, hashed: TokenHash, now: datetime) -> Session | None:
        """Return the live session that memory knew when the revocations were last read.

        For an outage only: what was too old to be answered from memory then is too old now, for
        another process may have given the session another token, or more proofs, since.
        """
        kept, read_at = self._kept.get(hashed), self._revocations.read_at
        if kept is None or read_at is None or kept.until < read_at:
            return None
        return kept.session if self._alive(kept.session, now) else None

    async def recall(self, token: str) -> Session | None:
        """Return the live session behind a token, from memory where that may be trusted."""
        hashed = self.hashed(token)
        if hashed is None:
            return None
        now = self._kit.clock()
        # Else another process may know of activity since.
        return self.at_hand(hashed, now) or await self._load(hashed, now)

    async def _load(self, hashed: TokenHash, now: datetime) -> Session | None:
        before = self._forgotten
        self._kit.looked_up(Found.STORE)
        async with self._kit.store.glance() as tx:
            # A token that was replaced answers for its grace only, so it is asked for each time.
            lasting = await tx.sessions.get(hashed, now + KEPT_FOR)
            session = lasting or await tx.sessions.get(hashed, now)
        self._kept.pop(hashed, None)
        if session is None or not self._alive(session, now):
            return None
        if lasting is not None and before == self._forgotten:
            # What was forgotten while we read must not come back by what we read before it.
            self._kept[hashed] = _Kept(session, now + KEPT_FOR)
        return session

    def _alive(self, session: Session, now: datetime) -> bool:
        return now < session.expires_at and now - session.last_seen_at <= self._kit.times.idle

    def forget(self, which: SessionId | TokenHash) -> None:
        """Nothing about the session, or by the token, is answered from memory any more."""
        self._forgotten += 1
        self._kept = {
            key: kept for key, kept in self._kept.items() if which not in (key, kept.session.id)
        }

    async def catch_up(self, person: Person | None) -> None:
        """What was just revoked of the person, or of everybody (None), holds here at once."""
        try:
            await self._revocations.read()
        except StoreUnavailable:
            self._revocations.tell(person, None)

    def _revoked(self, person: Person | None, which: SessionId | None) -> None:
        """Forget one session, all of a person, or (nobody named) everything."""
        self._forgotten += 1
        self._kept = {
            key: kept
            for key, kept in self._kept.items()
            if (person is not None and kept.session.person != person)
            or (which is not None and kept.session.id != which)
        }

    def sweep(self) -> None:
        """Entries that are too old to be used are gone, so that memory stays bounded.

        Those of before an outage are kept for as long as something may be allowed by them.
        """
        now, read_at = self._kit.clock(), self._revocations.read_at
        if read_at is not None and read_at <= now <= read_at + LASTS:
            now = read_at
        self._kept = {key: kept for key, kept in self._kept.items() if now < kept.until}

    @staticmethod
    def due(session: Session, now: datetime) -> bool:
        """Tell whether activity now would be written."""
        return now - session.last_seen_at >= TOUCHED_EVERY

    async def touch(self, session: Session) -> None:
        """The session was active; written at most once a minute."""
        now = self._kit.clock()
        if not self.due(session, now):
            return
        for key, kept in self._kept.items():
            if kept.session.id == session.id:
                self._kept[key] = replace(kept, session=replace(kept.session, last_seen_at=now))
        async with self._kit.store.begin(session.person) as tx:
            await tx.sessions.touch(session.id, now)
            for series in rests_on(session):
                await tx.trusted.arrived(session.person, series)

    # -- beginning and raising -----------------------------------------------------------------

    async def open(self, visit: Visit) -> Entered:
        """A pending session of this person exists; it proves nothing yet.

        Raises:
            TooManyAttempts: the person opened too many within the hour.

        """
        await self._kit.limiter.take(SESSIONS_OPENED, counted_under(visit))
        async with self._kit.store.begin(visit.person) as tx:
            return await self._add(tx, visit, self._kit.clock())

    async def _add(self, tx: Transaction, visit: Visit, now: datetime) -> Entered:
        token = self._kit.tokens.mint_session()
        account = await tx.accounts.get(visit.person)
        await record_stated(tx, visit.identity, now)
        session = Session(
            id=SessionId(new_id()),
            person=visit.person,
            status=SessionStatus.PENDING,
            created_at=now,
            expires_at=now + self._kit.times.lifetime,
            last_seen_at=now,
            login=visit.identity.login,
            epoch=account.epoch if account else 0,
            user_agent=visit.user_agent[:200],
            address=coarse(visit.address),
        )
        await tx.sessions.add(session, self._hash(token))
        return Entered(session, token)

    async def enter(self, tx: Transaction, visit: Visit, proof: Proof, now: datetime) -> Entered:
        """The session of the visit, or a new one, holds the proof and answers to a new token.

        Its first activity is written, as that shows that the token reached the browser.
        """
        if visit.session is None:
            visit = replace(visit, session=(await self._add(tx, visit, now)).session)
        return await self.elevate(tx, visit, proof, now, seen_at=now - TOUCHED_EVERY)

    async def elevate(
        self,
        tx: Transaction,
        visit: Visit,
        proof: Proof,
        now: datetime,
        *,
        seen_at: datetime | None = None,
    ) -> Entered:
        """The session holds one more proof and answers to a new token (ASVS 7.2.4)."""
        token = self._kit.tokens.mint_session()
        session = await tx.sessions.elevate(
            visit.require_session().id,
            proof,
            self._hash(token),
            login=visit.identity.login,
            known_as=visit.identity.known_as,
            now=now,
            seen_at=seen_at,
        )
        return Entered(session, token)

    def _hash(self, token: str) -> TokenHash:
        hashed = self._kit.tokens.session_hash(token)
        if hashed is None:
            message = "a token that was minted here is not recognised here"
            raise RuntimeError(message)
        return hashed

    # -- dropping and ending -------------------------------------------------------------------

    def belongs(self, session: Session, identity: Identity) -> bool:
        """Tell whether the session is this person's, and its proofs of this very login."""
        logins = (identity.login, *identity.known_as)
        same_login = session.login in logins or not session.proofs
        return session.person == identity.person and same_login

    async def drop_proofs(self, session: Session) -> None:
        """The session proves nothing any more: its browser signed in as somebody else."""
        now = self._kit.clock()
        async with (
            self._ending(session.person, session.id),
            self._kit.store.begin(session.person) as tx,
        ):
            await tx.sessions.drop_proofs(session.id)
            await tx.feed.append("session", session.person, session.id, now)

    async def end(self, visit: Visit, which: SessionId) -> None:
        """One session of the person is over, everywhere.

        Raises:
            NotFound: the person has no such live session.

        """
        now = self._kit.clock()
        async with (
            self._ending(visit.person, which),
            self._kit.store.begin(visit.person) as tx,
        ):
            if not await tx.sessions.end(visit.person, which):
                message = "no such session"
                raise NotFound(message)
            await tx.feed.append("session", visit.person, which, now)
            await tx.trail.append(act(visit, "session.ended", now))

    async def end_all(self, visit: Visit) -> None:
        """Every session of the person is over, everywhere, this one included."""
        now = self._kit.clock()
        async with (
            self._ending(visit.person, None),
            self._kit.store.begin(visit.person) as tx,
        ):
            await end_sessions(tx, visit.person, now)
            await tx.trail.append(act(visit, "session.ended_everywhere", now))

    @asynccontextmanager
    async def _ending(self, person: Person, which: SessionId | None) -> AsyncIterator[None]:
        """What the block ends is over here at once; out of memory even if that is not written."""
        try:
            yield
        except StoreUnavailable:
            self._revoked(person, which)
            raise
        self._revocations.tell(person, which)
        await self.catch_up(person)  # the next reading would else end what begins until then

    async def latest(self, session: Session) -> Session | None:
        """Return the live session as it is now, with what was proven in it meanwhile."""
        now = self._kit.clock()
        async with self._kit.store.read() as tx:
            found = await tx.sessions.of(session.person, now)
        return next((one for one in found if one.id == session.id), None)

    async def of(self, visit: Visit) -> tuple[Session, ...]:
        """Return the person's live sessions in browsers, last seen first."""
        now = self._kit.clock()
        async with self._kit.store.read() as tx:
            found = await tx.sessions.of(visit.person, now)
        return tuple(one for one in found if self._alive(one, now) and not one.client)
