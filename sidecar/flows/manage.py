"""A person keeps their own authenticators: names them, removes them, looks at what happened."""

from sidecar.core.errors import Conflict, NotFound
from sidecar.core.model import Account, Authenticator, AuthenticatorId, Event, Level
from sidecar.core.names import is_name, tidy
from sidecar.core.outbox import Address
from sidecar.flows.acting import spend
from sidecar.flows.ending import end_sessions
from sidecar.flows.kit import Kit
from sidecar.flows.notices import Notices
from sidecar.flows.record import act
from sidecar.flows.sessions import (
    Sessions,
)
from sidecar.flows.visit import Visit

SHOWN_EVENTS = 10


def removing(which: str) -> str:
    """Return the action that a proof must be bound to before this authenticator can go."""
    return f"authenticator.remove:{which}"


class Management:
    """What a person may do with what they have set up."""

    def __init__(self, kit: Kit, sessions: Sessions, notices: Notices) -> None:
        self._kit = kit
        self._sessions = sessions
        self._notices = notices

    async def held(self, visit: Visit) -> tuple[Authenticator, ...]:
        """Return everything the person has set up.

        Raises:
            StepUpRequired: the session holds no proof; names and dates are for the owner only.

        """
        visit.require_proof()
        async with self._kit.store.read() as tx:
            return await tx.authenticators.of(visit.person)

    async def account(self, visit: Visit) -> Account | None:
        """Return what is configured of the person.

        Raises:
            StepUpRequired: the session holds no proof.

        """
        visit.require_proof()
        async with self._kit.store.read() as tx:
            return await tx.accounts.get(visit.person)

    async def addresses(self, visit: Visit) -> tuple[Address, ...]:
        """Return where the person is told of changes.

        Raises:
            StepUpRequired: the session holds no proof.

        """
        visit.require_proof()
        async with self._kit.store.read() as tx:
            return await tx.contacts.of(visit.person)

    async def rename(self, visit: Visit, which: AuthenticatorId, name: str) -> None:
        """The authenticator has this name.

        Raises:
            NotFound: it is not this person's.
            Conflict: the name is empty, too long, or not printable.

        """
        visit.require_proof()
        if not is_name(name):
            message = "not a name"
            raise Conflict(message)
        now = self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            target = await tx.authenticators.get(visit.person, which)
            if target is None or not await tx.authenticators.rename(
                visit.person, which, tidy(name)
            ):
                message = "no such authenticator"
                raise NotFound(message)
            await tx.trail.append(act(visit, "authenticator.renamed", now, factor=target.factor))

    async def remove(self, visit: Visit, which: AuthenticatorId) -> None:
        """The authenticator is gone, and with it every other session and open challenge.

        Raises:
            NotFound: it is not this person's.
            StepUpRequired: no proof was given for exactly this removal.
            Conflict: it is the last one, and a rule or an operator demands one.

        """
        session, now = visit.require_proof(), self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            held = await tx.authenticators.of(visit.person)
            account = await tx.accounts.get(visit.person)
            target = next((item for item in held if item.id == which), None)
            if target is None:
                message = "no such authenticator"
                raise NotFound(message)
            if self.is_last(account, held, target):
                message = "last-authenticator"
                raise Conflict(message)
            await spend(tx, self._kit, visit, removing(which))
            await tx.authenticators.move(target, "remove", now)
            await tx.challenges.void(visit.person, now)
            await end_sessions(tx, visit.person, now, keep=session.id)
            await tx.trail.append(act(visit, "authenticator.removed", now, factor=target.factor))
            posts = await self._notices.tell(tx, visit, "authenticator_removed", about=target)
            await tx.contacts.drop(visit.person, target.id, now)
        await self._sessions.catch_up(visit.person)
        await self._notices.send(posts)

    def is_last(
        self, account: Account | None, held: tuple[Authenticator, ...], target: Authenticator
    ) -> bool:
        """Tell whether a rule or an operator demands what this one alone of the person's can give.

        Spare codes count on neither side: they run out. Nor does what is no second factor here
        stand in for what is.
        """
        factors, levels = self._kit.factors, self._kit.levels
        named = factors.get(target.factor)
        demanded = self._kit.demanded or (account is not None and account.required)
        if not demanded or not target.usable or (named and named.traits.stands_in):
            return False
        least = min(Level.TWO_FACTOR, levels.get(target.factor, Level.ONE_FACTOR))
        return not any(
            item.id != target.id
            and item.usable
            and item.factor in factors
            and levels[item.factor] >= least
            and not factors[item.factor].traits.stands_in
            for item in held
        )

    async def history(self, visit: Visit) -> tuple[Event, ...]:
        """Return the latest acts on this account, newest first."""
        visit.require_proof()
        async with self._kit.store.read() as tx:
            return await tx.trail.of(visit.person, SHOWN_EVENTS)
