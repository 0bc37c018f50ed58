"""Who may set up a factor: guarded the first time, bound to a fresh proof ever after."""

from datetime import datetime, timedelta

from sidecar.core.assurance import assess
from sidecar.core.errors import Conflict, InvitationNeeded, RecoveryNeeded
from sidecar.core.model import Level, Person, Standing, TokenHash
from sidecar.core.stores import Transaction
from sidecar.flows.acting import spend
from sidecar.flows.kit import INVITATIONS_TRIED, Kit
from sidecar.flows.portfolio import portfolio_in
from sidecar.flows.record import act
from sidecar.flows.visit import Visit

CONFIRMING = "enrollment.first"
"""The action that a code to a stated address proves: somebody may set up a first factor."""

_OPEN_SEASON = "-"
_CONFIRMED = "+"
_VOUCHED = "="
"""Tickets that are no hash of an invitation."""

CONFIRMED_FOR = timedelta(minutes=30)
"""How long a confirmed newcomer has to set up a factor: to change their mind, and get an app."""

MOST_HELD = 50
"""How many authenticators a person may have: all of them are read whenever the person is stopped,
so that somebody with thousands would cost everybody's requests dearly."""


def adding(factor: str) -> str:
    """Return the action that a proof must be bound to before this factor can be added."""
    return f"authenticator.add:{factor}"


class Admission:
    """The door before an enrollment, and its closing behind a first one."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def admit(self, visit: Visit, factor: str, invitation: str) -> str:
        """Return the ticket of a first enrollment, or nothing for one more authenticator."""
        now = self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            if await self.is_first(tx, visit):
                if self._kit.factors[factor].traits.stands_in:
                    message = "backup codes come after another factor; set one up first"
                    raise Conflict(message)
                return await self._ticket(tx, visit, invitation, now)
            if visit.overrides:
                await self._require_room(tx, visit, factor)
                return ""
            # A proof that another cookie or login of this session gave is not this visitor's.
            visit.require_proof()
            await self._require_room(tx, visit, factor)
            await spend(tx, self._kit, visit, adding(factor))
            if self._kit.factors[factor].traits.stands_in:
                self._require_two_factors(visit, now)
        return ""

    async def _require_room(self, tx: Transaction, visit: Visit, factor: str) -> None:
        replaces = self._kit.factors[factor].traits.only_one
        if not replaces and len(await tx.authenticators.of(visit.person)) >= MOST_HELD:
            message = "nobody may have more authenticators; remove one first"
            raise Conflict(message)

    def _require_two_factors(self, visit: Visit, now: datetime) -> None:
        """Codes count as a second factor, so that less than two must not bring them.

        Source: NIST SP 800-63B-4 §3.1.2.1.
        """
        proofs = visit.require_session().proofs
        if assess(proofs, self._kit.levels, now).level < Level.TWO_FACTOR:
            message = "spare codes are for whoever proved two factors"
            raise Conflict(message)

    async def is_first(self, tx: Transaction, visit: Visit) -> bool:
        """Tell whether the person never enrolled; whoever lost everything must recover instead.

        A program that vouches for a newcomer whose factors were switched off switches them on.
        """
        standing = (await portfolio_in(tx, self._kit, visit.person)).standing
        if standing is Standing.RECOVERY_NEEDED:
            if visit.vouches and await _never_enrolled(tx, visit.person):
                return True
            message = "had a factor and has none usable; POST /recovery helps"
            raise RecoveryNeeded(message)
        return standing is Standing.NEVER_ENROLLED

    async def _ticket(self, tx: Transaction, visit: Visit, invitation: str, now: datetime) -> str:
        """Return what opens a first enrollment now: a program, an invitation, a code, a season."""
        if visit.vouches:
            return _VOUCHED
        if self._open_season(now):
            return _OPEN_SEASON
        code = self._kit.tokens.invitation_hash(invitation)
        if self._invites and await tx.invitations.open(visit.person, code, now):
            return code
        if self._confirms and not invitation:
            session, since = visit.require_session(), now - CONFIRMED_FOR
            if await tx.challenges.proven(
                visit.person, session.id, CONFIRMING, since=since, now=now
            ):
                return _CONFIRMED
            message = "not confirmed lately"
            raise InvitationNeeded(message)
        # Only wrong ones are counted, so that a stranger cannot use up the tries of the invited.
        await self._kit.limiter.take(INVITATIONS_TRIED, visit.person.user_id)
        message = "no open invitation"
        raise InvitationNeeded(message)

    def _open_season(self, now: datetime) -> bool:
        first = self._kit.first
        return first.mode == "open" and first.until is not None and now.date() <= first.until

    @property
    def _confirms(self) -> bool:
        return self._kit.first.mode == "confirmed"

    @property
    def _invites(self) -> bool:
        """Where people are confirmed, an operator may still invite whom no code reaches."""
        return self._confirms or self._kit.first.mode == "invited"

    async def close(self, tx: Transaction, visit: Visit, ticket: str, now: datetime) -> None:
        """Close the door behind a first enrollment: one invitation, one first time."""
        if not await self._admitted(tx, visit, ticket, now):
            message = "invitation spent, or open season over, meanwhile"
            raise InvitationNeeded(message)
        account = await tx.accounts.get(visit.person)
        await tx.accounts.mark_enrolled(visit.person, now)
        if account is not None and not account.enabled:
            # A program vouched for somebody who was switched off, which ends that: nothing that
            # they were exempt from a factor for runs on.
            await tx.feed.append("person", visit.person, None, now)
            await tx.trail.append(act(visit, "person.enabled", now))

    async def _admitted(self, tx: Transaction, visit: Visit, ticket: str, now: datetime) -> bool:
        """Tell whether what opened the door still would: an enrollment must not outlive it."""
        if ticket == _VOUCHED:
            return visit.vouches
        if ticket == _OPEN_SEASON:
            return self._open_season(now)
        if ticket == _CONFIRMED:
            session, since = visit.require_session(), now - CONFIRMED_FOR
            return self._confirms and await tx.challenges.spend(
                visit.person, session.id, CONFIRMING, since=since, now=now
            )
        return await tx.invitations.redeem(visit.person, TokenHash(ticket), now)


async def _never_enrolled(tx: Transaction, person: Person) -> bool:
    """Tell whether the person is new, not only reset: that must not undo the switching off."""
    account = await tx.accounts.get(person)
    if account is not None and (account.enrolled_at or account.reset_at):
        return False
    return not await tx.authenticators.of(person)
