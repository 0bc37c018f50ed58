"""What is under way for a session: ended with it; tunnels with their proofs too."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

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
class _Life:
    """Everything under way for one session."""

    session: Session
    ends: set[End] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Tunnel:
    """One tunnel that lasts no longer than proofs that satisfy."""

    session: Session
    needs: tuple[Requirement, ...]
    told: End
    over: bool = False

    def end(self, why: Ending) -> None:
        self.over = True
        self.told(why)


class Live:
    """Running answers, uploads and tunnels by session; time costs a look at the next deadline."""

    def __init__(
        self, revocations: Revocations, reread: Reread, levels: Mapping[str, Level]
    ) -> None:
        self._reread = reread
        self._levels = levels
        self._lives: dict[SessionId, _Life] = {}
        self._lifetimes = Deadlines[_Life]()
        self._proofs = Deadlines[_Tunnel]()
        revocations.listen(self._revoked)

    def watch(
        self, session: Session, end: End, needs: tuple[Requirement, ...] = ()
    ) -> Callable[[], None]:
        """`end` is called once the session is over; return what to call when it came first.

        It is also called once the session's proofs no longer satisfy every one of the `needs`.
        """
        if needs:
            return self._watch_tunnel(_Tunnel(session, needs, end))
        life = self._lives.get(session.id) or self._begin(session)
        life.ends.add(end)
        return partial(life.ends.discard, end)

    def _watch_tunnel(self, tunnel: _Tunnel) -> Callable[[], None]:
        done = self.watch(tunnel.session, tunnel.end)
        self._await_age(tunnel, tunnel.session.proofs)

        def over() -> None:
            tunnel.over = True
            done()

        return over

    def _begin(self, session: Session) -> _Life:
        """It is kept beyond the request, so that the session's next one finds it: see `sweep`."""
        life = self._lives[session.id] = _Life(session)
        self._lifetimes.add(session.expires_at, life)
        return life

    def sweep(self) -> None:
        """Sessions for which nothing runs are forgotten, so that memory stays bounded."""
        self._lives = {which: life for which, life in self._lives.items() if life.ends}
        self._lifetimes.keep(lambda life: bool(life.ends))
        self._proofs.keep(lambda tunnel: not tunnel.over)

    # -- revocation ----------------------------------------------------------------------------

    def _revoked(self, person: Person | None, which: SessionId | None) -> None:
        found = self._lives.values() if which is None else filter(None, [self._lives.get(which)])
        for life in tuple(found):
            if person in (None, life.session.person):
                self._end(life)

    def _end(self, life: _Life) -> None:
        if self._lives.get(life.session.id) is life:
            del self._lives[life.session.id]
        for end in tuple(life.ends):
            life.ends.discard(end)
            end(Ending.SESSION_ENDED)

    # -- time ----------------------------------------------------------------------------------

    async def expire(self, now: datetime) -> None:
        """What runs for sessions whose lifetime is over has ended, and tunnels on old proofs."""
        for life in self._lifetimes.due(now):
            self._end(life)
        for tunnel in self._proofs.due(now):
            if not tunnel.over:
                await self._look_again(tunnel, now)

    async def _look_again(self, tunnel: _Tunnel, now: datetime) -> None:
        """The tunnel goes on if its person has proven again meanwhile, in whatever process."""
        try:
            session = await self._reread(tunnel.session)
        except StoreUnavailable:
            log.warning("session.unreadable")
            session = None
        if tunnel.over:
            return
        proofs = session.proofs if session is not None else ()
        if all(satisfies(proofs, need, self._levels, now) for need in tunnel.needs):
            self._await_age(tunnel, proofs)
        else:
            tunnel.end(Ending.PROOF_TOO_OLD)

    def _await_age(self, tunnel: _Tunnel, proofs: tuple[Proof, ...]) -> None:
        ends = [until(proofs, need, self._levels) for need in tunnel.needs]
        known = [end for end in ends if end is not None]
        if known:
            self._proofs.add(min(known), tunnel)
