"""What a process has besides where it is one of many: beats, and what replicas tell each other."""

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sidecar import __version__
from sidecar.core.handovers import RENEWED_EVERY
from sidecar.core.replicas import Replica
from sidecar.flows import Flows
from sidecar.flows.beats import Beats
from sidecar.flows.handovers import Handovers
from sidecar.flows.kit import new_id
from sidecar.proxy.board import KEY_BYTES, Board
from sidecar.proxy.elsewhere import Elsewhere
from sidecar.storage.vault import KeyRing


@dataclass(frozen=True, slots=True)
class Many:
    """The parts of one process among the replicas."""

    beats: Beats
    handovers: Handovers
    elsewhere: Elsewhere

    def beside(self) -> Iterator[Coroutine[object, object, None]]:
        """Yield what runs beside the requests."""
        yield self.handovers.work()
        yield self._sweeping()

    async def _sweeping(self) -> None:
        """Let go now and then of what is held for the dead."""
        while True:
            await asyncio.sleep(RENEWED_EVERY.total_seconds())
            self.elsewhere.sweep()


def join(flows: Flows, board: Board, ring: KeyRing, instance: str) -> Many:
    """Return the parts of this process; from its first reading of the feed the others know it.

    Credentials have the same marks in every replica, by a key that stays when root keys rotate:
    the installation's name, which is secret.
    """
    me, clock, revocations = _replica(ring), flows.kit.clock, flows.revocations
    key = hashlib.blake2b(b"board", key=instance.encode(), digest_size=KEY_BYTES).digest()
    board.spread(key, lambda: revocations.current(clock()))
    elsewhere, beats = Elsewhere(board, clock), Beats(revocations.store, clock, me)
    revocations.join(beats)
    revocations.hear(elsewhere.hear)
    revocations.listen(elsewhere.revoked)
    handovers = Handovers(revocations.store, clock, by=board.id, replica=me.id)
    return Many(beats, handovers, elsewhere)


@asynccontextmanager
async def leaving(many: Many | None) -> AsyncIterator[None]:
    """At the end of the block nobody waits for this process any more."""
    try:
        yield
    finally:
        if many is not None:
            await many.beats.leave()


def _replica(ring: KeyRing) -> Replica:
    others = (key_id for key_id in ring.keys if key_id != ring.active)
    place = f"{socket.gethostname()}:{os.getpid()}"
    return Replica(new_id(), place, __version__, (ring.active, *others))
