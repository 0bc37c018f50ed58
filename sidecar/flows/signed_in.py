"""Where people are signed in, as an operator sees it, and signing them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sidecar.core.assurance import Assurance, assess
from sidecar.core.errors import NotFound
from sidecar.core.feed import EVERYBODY
from sidecar.core.model import Level, Person, Session, SessionId
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store
from sidecar.flows.ending import Heed, end_sessions, unheeded
from sidecar.flows.record import operated


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's session, and what was proven in it."""

    session: Session
    assurance: Assurance


@dataclass(frozen=True, slots=True)
class SignedOut:
    """How much came to its end."""

    sessions: int
    """Those of programs that act for people included."""
    browsers: int
    """That were remembered."""


class SignOuts:
    """The operator's side; `idle` and `levels` are what the configuration says of sessions."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        heed: Heed = unheeded,
        *,
        idle: timedelta,
        levels: Mapping[str, Level],
    ) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed
        self._idle = idle
        self._levels = levels

    async def of(self, person: Person) -> tuple[SignedIn, ...]:
        """Return the person's sessions in browsers, last seen first."""
        now = self._clock()
        async with self._store.read() as tx:
            found = await tx.sessions.of(person, now)
        return tuple(
            SignedIn(session, assess(session.proofs, self._levels, now))
            for session in found
            if not session.client and now - session.last_seen_at <= self._idle
        )

    async def end(self, person: Person, which: SessionId, by: str) -> None:
        """One session of the person is over, everywhere.

        Raises:
            NotFound: the person has no such session in a browser.

        """
        now = self._clock()
        async with self._store.begin(person) as tx:
            theirs = await tx.sessions.of(person, now)
            if not any(one.id == which and not one.client for one in theirs):
                message = "the person has no such session; it may have ended"
                raise NotFound(message)
            await tx.sessions.end(person, which)
            await tx.feed.append("session", person, which, now)
            await tx.trail.append(operated(person, "session.ended", now, by))
        await self._heed(person)

    async def end_all(self, person: Person, by: str) -> SignedOut:
        """The person is signed in nowhere, and no browser of theirs is remembered."""
        now = self._clock()
        async with self._store.begin(person) as tx:
            ended = SignedOut(
                await tx.sessions.number(person, now), len(await tx.trusted.of(person, now))
            )
            await end_sessions(tx, person, now)
            await tx.trail.append(operated(person, "session.ended_everywhere", now, by))
        await self._heed(person)
        return ended

    async def end_everybody(self, by: str) -> SignedOut:
        """Nobody is signed in anywhere, and no browser is remembered."""
        now = self._clock()
        async with self._store.begin() as tx:
            ended = SignedOut(
                await tx.sessions.end_everybody(now), await tx.trusted.end_everybody(now)
            )
            await tx.feed.append(EVERYBODY, None, None, now)
            await tx.trail.append(
                operated(
                    *(None, "session.ended_for_everybody", now, by),
                    sessions=ended.sessions,
                    browsers=ended.browsers,
                )
            )
        await self._heed(None)
        return ended
