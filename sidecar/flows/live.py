"""What is under way for a session: ended with it; tunnels with their proofs too."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from sidecar.core.assurance import Requirement, satisfies, until
from sidecar.core.endings import Ending
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Level, Person, Proof, Session, SessionId
from sidecar.flows.deadlines import Deadlines
from sidecar.flows.revocations import Revocations

End = Callable[[Ending], None]
Reread = Callable[[Session], Awaitable[Session | None]]

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Watched:
    """One exchange under way."""

    session: Session
    end: End
    needs: tuple[Requirement, ...]
    over: bool = False


@dataclass(slots=True, eq=False)
class _Life:
    """Everything under way for one session."""

    session: Session
    watched: set[_Watched] = field(default_factory=set)


class Live:
    """Running answers, uploads and tunnels by session; time costs a look at the next deadline."""

    def __init__(
        self, revocations: Revocations, reread: Reread, levels: Mapping[str, Level]
    ) -> None:
        self._reread = reread
        self._levels = levels
        self._lives: dict[SessionId, _Life] = {}
        self._lifetimes = Deadlines[_Life]()
        self._proofs = Deadlines[_Watched]()
        revocations.listen(self._revoked)

    def watch(
        self, session: Session, end: End, needs: tuple[Requirement, ...] = ()
    ) -> Callable[[], None]:
        """`end` is called once the session is over; return what to call when it came first.

        It is also called once the session's proofs no longer satisfy every one of the `needs`.
        """
        life = self._lives.get(session.id) or self._begin(session)
        watched = _Watched(session, end, needs)
        life.watched.add(watched)
        if needs:
            self._await_age(watched, session.proofs)

        def done() -> None:
            watched.over = True
            life.watched.discard(watched)

        return done

    def _begin(self, session: Session) -> _Life:
        """Nothing more is to be done for the session's next requests: one comes after another."""
        life = self._lives[session.id] = _Life(session)
        self._lifetimes.add(session.expires_at, life)
        return life

    def sweep(self) -> None:
        """Sessions for which nothing runs are forgotten, so that memory stays bounded."""
        self._lives = {which: life for which, life in self._lives.items() if life.watched}
        self._lifetimes.keep(lambda life: bool(life.watched))
        self._proofs.keep(lambda watched: not watched.over)

    # -- revocation ----------------------------------------------------------------------------

    def _revoked(self, person: Person | None, which: SessionId | None) -> None:
        if person is None:
            # Memory is emptied because nothing can be known, not because anything was revoked.
            return
        found = self._lives.values() if which is None else filter(None, [self._lives.get(which)])
        for life in tuple(found):
            if life.session.person == person:
                self._end(life)

    def _end(self, life: _Life) -> None:
        ended, life.watched = life.watched, set()
        if self._lives.get(life.session.id) is life:
            del self._lives[life.session.id]
        for watched in ended:
            watched.over = True
            watched.end(Ending.SESSION_ENDED)

    # -- time ----------------------------------------------------------------------------------

    async def expire(self, now: datetime) -> None:
        """What runs for sessions whose lifetime is over has ended, and tunnels on old proofs."""
        for life in self._lifetimes.due(now):
            self._end(life)
        for watched in self._proofs.due(now):
            if not watched.over:
                await self._look_again(watched, now)

    async def _look_again(self, watched: _Watched, now: datetime) -> None:
        """The tunnel goes on if its person has proven again meanwhile, in whatever process."""
        try:
            session = await self._reread(watched.session)
        except StoreUnavailable:
            log.warning("session.unreadable")
            session = None
        if watched.over:
            return
        proofs = session.proofs if session is not None else ()
        if all(satisfies(proofs, need, self._levels, now) for need in watched.needs):
            self._await_age(watched, proofs)
        else:
            watched.over = True
            watched.end(Ending.PROOF_TOO_OLD)

    def _await_age(self, watched: _Watched, proofs: tuple[Proof, ...]) -> None:
        ends = [until(proofs, need, self._levels) for need in watched.needs]
        known = [end for end in ends if end is not None]
        if known:
            self._proofs.add(min(known), watched)
