"""Sign-ins at other replicas: what is told of them here, and what they are told of ours."""

from datetime import datetime
from typing import Final

import structlog

from sidecar.core.errors import MalformedRequest
from sidecar.core.handovers import HELD_FOR, Handover, Unreadable, read
from sidecar.core.model import Person, SessionId
from sidecar.core.protocols import Clock, RequestView
from sidecar.flows.handovers import Handovers
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.board import SLOTS, Board, Slots
from sidecar.proxy.identify import Identifier
from sidecar.proxy.known import SHORT
from sidecar.proxy.verdicts import End

MOST_MARKS: Final = 256
"""More than browsers keep cookies of a site. Each is written for the others before anybody is known
here, and nobody's answer that shares its slot is kept meanwhile: one request must not be thousands.
"""

log = structlog.get_logger(__name__)


class Elsewhere:
    """What other replicas tell, written on the board of this one."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._open: dict[str, tuple[Slots, datetime]] = {}
        """What is held for each handover, and until when."""

    def revoked(self, person: Person | None, session: SessionId | None) -> None:
        """Where everything is forgotten, so is who anybody is: what was told may be lost."""
        if person is None and session is None:
            self._board.doubt(frozenset(range(SLOTS)))

    def hear(self, text: str) -> None:
        """What a row of the feed tells holds here from now on."""
        try:
            by, handovers = read(text)
        except Unreadable:
            log.warning("handover.unreadable")
            self._board.doubt(frozenset(range(SLOTS)))
            return
        if by != self._board.id:
            for handover in handovers:
                self._hear(handover)

    def _hear(self, handover: Handover) -> None:
        slots = self._board.slots(handover.marks)
        held = self._open.pop(handover.id, None)
        if held is None:
            self._board.signed_in_elsewhere(slots)
        if handover.over:
            self._board.doubt(slots)
            if held is not None:
                self._board.close(held[0])
            return
        if held is None:
            self._board.open(slots)
        self._open[handover.id] = (slots, self._clock() + HELD_FOR)

    def sweep(self) -> None:
        """Nothing is held any more for a replica that died in the middle."""
        now = self._clock()
        for which, (slots, until) in tuple(self._open.items()):
            if now >= until:
                del self._open[which]
                self._board.close(slots)


class Announcer:
    """Tells the other replicas of requests that may sign somebody in under known credentials."""

    def __init__(self, identifier: Identifier, handovers: Handovers) -> None:
        self._identifier = identifier
        self._handovers = handovers

    async def announce(self, arrival: Arrival, view: RequestView, *, unsafe: bool) -> End | None:
        """Return what is called once the request is over; None: there is nothing to tell.

        Whoever the credentials mean now they may have meant somebody else a moment ago, at another
        replica: so nobody is asked, and everybody is told. A safe request under the login's paths
        signs somebody in by what its query carries, as the way back from an outside login does.

        Raises:
            MalformedRequest: it carries more than any browser does.
            StoreUnavailable: the others cannot be told.

        """
        if not (unsafe or arrival.query):
            return None
        marks = self._identifier.marks(view, least=1 if unsafe else SHORT)
        if len(marks) > MOST_MARKS:
            raise MalformedRequest("more credentials than a browser carries")
        return await self._handovers.begin(marks) if marks else None

    def happened(self, view: RequestView) -> None:
        """What nobody could tell beforehand has happened: others soon ask anew."""
        marks = self._identifier.marks(view, least=SHORT)
        if marks:
            self._handovers.happened(marks)
