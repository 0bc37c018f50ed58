"""What is under way for a session: ended with it, whether it is revoked or its time is over."""

from collections.abc import Callable
from datetime import datetime

from sidecar.core.model import Person, Session, SessionId
from sidecar.flows.revocations import Revocations

End = Callable[[], None]


class Live:
    """Running answers, uploads and tunnels by session; costs one look-up per revocation."""

    def __init__(self, revocations: Revocations) -> None:
        self._running: dict[SessionId, tuple[Session, set[End]]] = {}
        revocations.listen(self._revoked)

    def watch(self, session: Session, end: End) -> End:
        """`end` is called once the session is over; return what to call when it came first."""
        _, ends = self._running.setdefault(session.id, (session, set()))
        ends.add(end)

        def done() -> None:
            ends.discard(end)
            if not ends:
                self._running.pop(session.id, None)

        return done

    def expire(self, now: datetime) -> None:
        """Whatever runs for a session whose lifetime is over has been ended."""
        for session, _ in tuple(self._running.values()):
            if now >= session.expires_at:
                self._end(session.id)

    def _revoked(self, person: Person | None, which: SessionId | None) -> None:
        if person is None:
            # Memory is emptied because nothing can be known, not because anything was revoked.
            return
        for session, _ in tuple(self._running.values()):
            if session.person == person and which in {None, session.id}:
                self._end(session.id)

    def _end(self, which: SessionId) -> None:
        _, ends = self._running.pop(which)
        for end in tuple(ends):
            end()
