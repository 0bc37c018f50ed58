"""After a leak of keys and database: every secret that the sidecar shares with people is stopped.

Whoever has both can make everybody's codes. People go to recovery, never to a first enrollment,
or the password alone would be enough (promise 10).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sidecar.core.model import Authenticator, AuthenticatorStatus, Person
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store, Transaction
from sidecar.flows.ending import end_sessions
from sidecar.flows.notices import leave
from sidecar.flows.record import operated
from sidecar.flows.signed_in import SignOuts

AT_A_TIME: Final = 25
"""People of one transaction, who cannot sign in meanwhile."""

_OCCASIONS: Final = {
    AuthenticatorStatus.ACTIVE: "disable",
    AuthenticatorStatus.SUSPENDED: "disable",
    AuthenticatorStatus.PENDING: "abandon",
}

Tell = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Revoked:
    """What became of it."""

    people: int
    authenticators: int
    sessions: int
    browsers: int
    stranded: int
    """People who need recovery now, whenever they came to."""


class Leaked:
    """The operator's side; interrupted, it is done again, and goes on where it was."""

    def __init__(
        self, store: Store, clock: Clock, sign_outs: SignOuts, *, spared: Collection[str]
    ) -> None:
        """`spared` are factors whose material is an address, which proves nothing by itself."""
        self._store = store
        self._clock = clock
        self._sign_outs = sign_outs
        self._spared = spared

    async def count(self, factor: str = "") -> int:
        """Return how many people hold a shared secret of the factor, or of any."""
        async with self._store.read() as tx:
            return await tx.directory.count_sharing(factor=factor, spared=self._spared)

    async def revoke(self, by: str, tell: Tell, *, factor: str = "") -> Revoked:
        """No shared secret proves anything any more, and nobody is signed in anywhere."""
        ended = await self._sign_outs.end_everybody(by)
        people = stopped = 0
        while batch := await self._next(factor):
            stopped += await self._stop(batch, by, factor)
            people += len(batch)
            tell(people, f"{people} people, {stopped} authenticators")
        async with self._store.read() as tx:
            stranded = await tx.directory.stranded()
        return Revoked(people, stopped, ended.sessions, ended.browsers, stranded)

    async def _next(self, factor: str) -> tuple[Person, ...]:
        async with self._store.read() as tx:
            return await tx.directory.sharing(factor=factor, spared=self._spared, limit=AT_A_TIME)

    async def _stop(self, people: tuple[Person, ...], by: str, factor: str) -> int:
        now, stopped = self._clock(), 0
        async with self._store.begin(*people) as tx:
            for person in people:
                shared = await tx.authenticators.sharing(person)
                for item in shared:
                    if item.factor == factor or (not factor and item.factor not in self._spared):
                        await _disable(tx, item, now, by)
                        stopped += 1
                await tx.challenges.void(person, now)
                await end_sessions(tx, person, now)
        return stopped


async def _disable(tx: Transaction, item: Authenticator, now: datetime, by: str) -> None:
    """The authenticator proves nothing any more; the trail says why, and its owner is told."""
    await tx.authenticators.move(item, _OCCASIONS[item.status], now)
    if item.status is AuthenticatorStatus.PENDING:
        return  # nobody ever had it
    person = item.person
    await tx.trail.append(
        operated(*(person, "authenticator.disabled", now, by), factor=item.factor, reason="leaked")
    )
    await leave(tx, person, "authenticator_suspended", now, about=item)
