"""A person sets up a factor, in one step or several; nothing counts before it is confirmed."""

from dataclasses import replace
from datetime import datetime

from sidecar.core.assurance import assess
from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    NotFound,
    ResponseRejected,
)
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    Enrolled,
    Proof,
    Purpose,
    Rejected,
    Response,
    SessionId,
    Started,
)
from sidecar.core.protocols import Context, Factor
from sidecar.core.states import AUTHENTICATOR, follow
from sidecar.core.stores import Transaction
from sidecar.flows.admission import Admission, adding
from sidecar.flows.challenge import bounded, held_of
from sidecar.flows.deliver import Deliveries
from sidecar.flows.ending import end_sessions
from sidecar.flows.kit import (
    ENROLLMENTS_TRIED,
    Entered,
    Kit,
    end_of,
    new_id,
)
from sidecar.flows.notices import Notices
from sidecar.flows.record import act
from sidecar.flows.sessions import (
    Sessions,
)
from sidecar.flows.stated import record_stated
from sidecar.flows.steps import Step
from sidecar.flows.visit import Visit


class Enrollments:
    """Begins enrollments and confirms them; nothing counts before it is confirmed."""

    def __init__(
        self, kit: Kit, sessions: Sessions, deliveries: Deliveries, notices: Notices
    ) -> None:
        self._kit = kit
        self._sessions = sessions
        self._deliveries = deliveries
        self._notices = notices
        self._admission = Admission(kit)

    async def begin(
        self, visit: Visit, factor: str, request: Response, *, invitation: str = ""
    ) -> Challenge:
        """An enrollment of this factor is open; its prompt can be shown until it ends.

        Raises:
            NotFound: no such factor is configured.
            InvitationNeeded: the first enrollment is guarded and this opens it not.
            RecoveryNeeded: the person once had a factor and has none usable now.
            StepUpRequired: adding needs a proof bound to exactly this.
            TooManyAttempts: too many messages were sent.
            DeliveryFailed: a code reached nobody; the step that it names stays open.

        """
        session, plugin = visit.require_session(), self._factor(factor)
        await self._kit.limiter.take(ENROLLMENTS_TRIED, session.id)
        ticket = await self._admission.admit(visit, factor, invitation)
        now, new = self._kit.clock(), AuthenticatorId(new_id())
        async with self._kit.store.read() as tx:
            held = await held_of(tx, visit.person, factor)
        # What is enrolled is the same in every step, whatever challenge the step is.
        context = Context(visit.person, visit.label, now, new, held)
        started = await plugin.begin_enrollment(context, bounded(request))
        challenge = Challenge(
            id=ChallengeId(new_id()),
            person=visit.person,
            session_id=session.id,
            purpose=Purpose.ENROLL,
            factor=factor,
            # A confirmed first factor is itself the proof for making the spare codes after it.
            action=adding(self._kit.spare) if ticket and self._kit.spare else "",
            authenticator_id=new,
            prompt=started.prompt,
            state=f"{ticket}\n".encode() + started.state,
            created_at=now,
            expires_at=end_of(started, now),
        )
        await self._deliveries.open(visit, challenge, started.messages)
        return challenge

    async def show(self, visit: Visit, which: ChallengeId) -> Challenge:
        """Return an open enrollment of this visit, to be shown again until it is confirmed.

        Raises:
            ChallengeGone: it is not open, or not of this person and session.

        """
        session = visit.require_session()
        async with self._kit.store.read() as tx:
            return await self._open(tx, visit, which, session_id=session.id)

    async def finish(
        self, visit: Visit, which: ChallengeId, response: Response, *, name: str = ""
    ) -> Entered | Challenge | None:
        """The authenticator is active; a first one also proves and brings a new session token.

        Where the enrollment has one more step, that step is open instead, and returned.

        Raises:
            ChallengeGone: not open, or not of this person and session.
            ResponseRejected: the answer does not show that the person holds it.
            InvitationNeeded: the invitation was spent, or open season ended, meanwhile.
            RecoveryNeeded: the person lost every usable factor meanwhile.
            Conflict: somebody else finished a first enrollment of this person meanwhile.
            TooManyAttempts: nothing was checked; or too many messages were sent.
            DeliveryFailed: a code reached nobody; the step that it names stays open.

        """
        session = visit.require_session()
        await self._kit.limiter.take(ENROLLMENTS_TRIED, session.id)
        bounded(response)
        async with self._kit.store.begin(visit.person) as tx:
            challenge = await self._open(tx, visit, which, session_id=session.id)
            held = await held_of(tx, visit.person, challenge.factor)
            await record_stated(tx, visit.identity, self._kit.clock())
            step = await Step.tried(tx, visit, challenge, self._kit.clock())
        ticket, _, state = challenge.state.partition(b"\n")
        new = challenge.authenticator_id or challenge.id
        context = Context(visit.person, visit.label, self._kit.clock(), new, held)
        plugin = self._factor(challenge.factor)
        outcome = await plugin.finish_enrollment(context, state, response)
        if isinstance(outcome, Rejected):
            raise await self._rejected(step, outcome, ticket, context)
        if isinstance(outcome, Started):
            return await self._go_on(step, outcome, ticket)
        try:
            return await self._confirm(step, outcome, ticket=ticket.decode(), name=name)
        except _Taken:
            again = Rejected("already-registered", over=True)
            raise await self._rejected(step, again, ticket, context) from None

    async def _rejected(
        self, step: Step, outcome: Rejected, ticket: bytes, context: Context
    ) -> ResponseRejected:
        """Return what to tell; a challenge that is used up has a fresh one in its place."""
        open_now = step.challenge
        if outcome.over:
            plugin = self._factor(open_now.factor)
            begun = await plugin.begin_enrollment(context, {})
            # The try stays counted as a failure: it is not settled with the step.
            open_now = await self._go_on(replace(step, claim=None), begun, ticket)
        return ResponseRejected(
            outcome.reason,
            hint_s=outcome.hint_s,
            over=outcome.over,
            tell=outcome.tell,
            challenge=open_now.id,
        )

    async def _go_on(self, done: Step, step: Started, ticket: bytes) -> Challenge:
        """Open the next step in the place of this one; both are one enrollment."""
        now = self._kit.clock()
        after = replace(
            done.challenge,
            id=ChallengeId(new_id()),
            prompt=step.prompt,
            state=ticket + b"\n" + step.state,
            created_at=now,
            expires_at=end_of(step, now),
        )
        async with self._kit.store.begin(done.visit.person) as tx:
            await done.end(tx, now, last=False)
            posts = await Step(done.visit, after).begin(tx, self._deliveries, step)
        await self._deliveries.send(posts)
        return after

    # -- confirming ----------------------------------------------------------------------------

    async def _confirm(
        self, step: Step, outcome: Enrolled, *, ticket: str, name: str
    ) -> Entered | None:
        visit, challenge, now, entered = step.visit, step.challenge, self._kit.clock(), None
        async with self._kit.store.begin(visit.person) as tx:
            await step.end(tx, now, last=True)
            if await self._admission.is_first(tx, visit) is not bool(ticket):
                message = "enrolled, or reset, meanwhile"
                raise Conflict(message)
            if ticket:
                await self._admission.close(tx, visit, ticket, now)
            authenticator = self._new(challenge, outcome, name or challenge.factor, now)
            if not ticket:
                authenticator = self._held(visit, authenticator, now)
            await self._retire(tx, authenticator, now)
            await _add(tx, authenticator)
            told: dict[str, str | bool] = {"factor": challenge.factor, "first": bool(ticket)}
            told |= {"override": True} if visit.overrides and not ticket else {}
            await tx.trail.append(act(visit, "authenticator.added", now, **told))
            if ticket:
                traits = self._factor(challenge.factor).traits
                most = authenticator.most(now)
                proof = Proof(challenge.factor, authenticator.id, traits.amr, now, most)
                entered = await self._sessions.elevate(tx, visit, proof, now)
            else:
                await end_sessions(tx, visit.person, now, keep=challenge.session_id)
            spare = self._factor(challenge.factor).traits.stands_in
            posts = await self._notices.added(
                tx, visit, authenticator, contact=outcome.contact, spare=spare
            )
        await self._sessions.catch_up(visit.person)
        await self._notices.send(posts)
        return entered

    def _new(
        self, challenge: Challenge, outcome: Enrolled, name: str, now: datetime
    ) -> Authenticator:
        if challenge.authenticator_id is None:
            message = "an enrollment without an authenticator id"
            raise RuntimeError(message)
        return Authenticator(
            id=challenge.authenticator_id,
            person=challenge.person,
            factor=challenge.factor,
            name=name,
            status=follow(AUTHENTICATOR, AuthenticatorStatus.PENDING, "confirm"),
            level=self._kit.levels[challenge.factor],
            version=1,
            created_at=now,
            material=outcome.material,
            detail=outcome.detail,
        )

    def _held(self, visit: Visit, new: Authenticator, now: datetime) -> Authenticator:
        """Return the authenticator as it counts until the hold is over: as its session did.

        Whoever gets hold of one code must not make a lasting stronger factor of it at once; the
        owner is told, and has until then to undo it.
        """
        level = assess(visit.require_session().proofs, self._kit.levels, now).level
        if not self._kit.first.hold or new.level <= level or visit.overrides:
            return new
        return replace(new, held_until=now + self._kit.first.hold, held_level=level)

    async def _retire(self, tx: Transaction, new: Authenticator, now: datetime) -> None:
        """Remove what the new one replaces, where a person has only one of a factor."""
        if not self._factor(new.factor).traits.only_one:
            return
        for item in await tx.authenticators.of(new.person):
            if item.factor == new.factor:
                await tx.authenticators.move(item, "remove", now)
                await tx.contacts.drop(new.person, item.id, now)

    def _factor(self, name: str) -> Factor:
        if name not in self._kit.factors:
            message = f"no factor {name!r}"
            raise NotFound(message)
        return self._kit.factors[name]

    async def _open(
        self, tx: Transaction, visit: Visit, which: ChallengeId, *, session_id: SessionId
    ) -> Challenge:
        challenge = await tx.challenges.get(which, visit.person, session_id, self._kit.clock())
        if challenge.purpose is not Purpose.ENROLL:
            message = "a challenge is not an enrollment"
            raise ChallengeGone(message)
        if challenge.state.startswith(b"\n") and not visit.overrides:
            visit.require_proof()  # begun by somebody proven, so nobody less may see or finish it
        return self._kit.served(challenge)


class _Taken(Exception):
    """The credential is registered already, to whomever; whose it is, is nobody else's business."""


async def _add(tx: Transaction, authenticator: Authenticator) -> None:
    try:
        await tx.authenticators.add(authenticator)
    except Conflict as known:
        raise _Taken from known
