"""A person who lost every factor is helped: one client asks for it, another one approves."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sidecar.core.clients import ApiClient
from sidecar.core.errors import AccessDenied, Conflict, NotFound
from sidecar.core.model import Person
from sidecar.core.protocols import Clock
from sidecar.core.recoveries import RecoveryId, RecoveryRequest, RecoveryStatus
from sidecar.core.stores import Store, Transaction
from sidecar.flows.ending import Heed, unheeded
from sidecar.flows.kit import new_id
from sidecar.flows.people import INVITATION_LIFE, invite_in, reset_in
from sidecar.flows.record import operated

REQUEST_LIFE = timedelta(hours=24)
"""How long a request waits for its decision."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a request."""

    request: RecoveryRequest
    removed: int = 0
    """How many authenticators the person had, which are gone."""
    invitation: str = field(default="", repr=False)
    """Opens the person's next first enrollment; to be handed over to them. Empty: denied."""
    invited_until: datetime | None = None


class Recovery:
    """Needs neither HTTP nor plugins."""

    def __init__(self, store: Store, clock: Clock, heed: Heed = unheeded) -> None:
        self._store = store
        self._clock = clock
        self._heed = heed

    async def request(self, person: Person, by: ApiClient, reason: str) -> RecoveryRequest:
        """A request waits for somebody else's decision; an earlier one of the person no more.

        It is the same for people whom nobody knows, so that nobody learns who is known by it.
        """
        now = self._clock()
        request = RecoveryRequest(
            id=RecoveryId(new_id()),
            person=person,
            reason=reason,
            requested_by=by.actor,
            created_at=now,
            expires_at=now + REQUEST_LIFE,
        )
        async with self._store.begin(person) as tx:
            await tx.recoveries.add(request)
            await tx.trail.append(
                operated(
                    person, "recovery.requested", now, by.actor, recovery=request.id, reason=reason
                )
            )
        return request

    async def decide(
        self, which: RecoveryId, by: ApiClient, *, approve: bool, note: str = ""
    ) -> Decided:
        """The request is decided; where it is approved, the person begins anew, invited.

        Raises:
            NotFound: no such request waits: it never was, is decided, superseded, or too old.
            AccessDenied: whoever asked cannot decide.
            Conflict: the person's factors are switched off, so that no invitation would help.

        """
        now = self._clock()
        async with self._store.read() as tx:
            request = await _waiting(tx, which, now)
        async with self._store.begin(request.person) as tx:
            if (await _waiting(tx, which, now)).person != request.person:
                raise _nothing()  # renamed since it was read
            # By name: who renews a token, or has two of them, is still the one who asked.
            if request.requested_by == by.actor:
                message = "another client than the one that asked has to decide"
                raise AccessDenied(message)
            status = RecoveryStatus.APPROVED if approve else RecoveryStatus.DENIED
            if not await tx.recoveries.decide(which, status, by.actor, now):
                raise _nothing()
            request = replace(request, status=status, decided_at=now)
            await tx.trail.append(
                operated(
                    request.person,
                    f"recovery.{status.value}",
                    now,
                    by.actor,
                    recovery=which,
                    note=note,
                )
            )
            if not approve:
                return Decided(request)
            decided = await _begin_anew(tx, request, by.actor, now)
        await self._heed(request.person)
        return decided


async def _begin_anew(tx: Transaction, request: RecoveryRequest, by: str, now: datetime) -> Decided:
    """Return the invitation of the person, who is reset and told of it."""
    person, until = request.person, now + INVITATION_LIFE
    account = await tx.accounts.ensure(person, now)
    if not account.enabled:
        message = "the person's factors are switched off; enable them first"
        raise Conflict(message)
    removed = await reset_in(tx, person, by, now, reason=request.reason)
    return Decided(request, removed, await invite_in(tx, person, by, now, until=until), until)


async def _waiting(tx: Transaction, which: RecoveryId, now: datetime) -> RecoveryRequest:
    request = await tx.recoveries.get(which)
    if request is None or request.status is not RecoveryStatus.PENDING or now >= request.expires_at:
        raise _nothing()
    return request


def _nothing() -> NotFound:
    return NotFound("no such request waits for a decision")
