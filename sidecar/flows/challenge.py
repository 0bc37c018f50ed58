"""A person is asked for a factor and answers: counted before it is checked, used once."""

from dataclasses import dataclass
from typing import assert_never

from sidecar.core.errors import (
    ChallengeGone,
    NotFound,
    ResponseRejected,
    StaleMaterial,
)
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    Person,
    Prompt,
    Proof,
    Purpose,
    Rejected,
    Response,
    Verified,
)
from sidecar.core.protocols import Context
from sidecar.core.stores import Claim, Transaction
from sidecar.flows.kit import (
    CHALLENGES_BEGUN,
    Entered,
    Kit,
    counted_under,
    end_of,
    from_plugin,
    new_id,
)
from sidecar.flows.record import act
from sidecar.flows.sessions import Sessions
from sidecar.flows.visit import Visit

MAX_FIELDS = 16
MAX_FIELD_CHARS = 32_768
"""An attestation with its certificates takes some thousand."""


def bounded(response: Response) -> Response:
    """Return the response if a factor may see it.

    Raises:
        ResponseRejected: more or longer fields than any factor asks for; no try is counted.

    """
    if len(response) > MAX_FIELDS or any(
        len(name) + len(value) > MAX_FIELD_CHARS for name, value in response.items()
    ):
        reason = "malformed"
        raise ResponseRejected(reason)
    return response


async def held_of(tx: Transaction, person: Person, factor: str) -> tuple[Authenticator, ...]:
    """Return all that a person has of a factor, whether usable or not."""
    return tuple(item for item in await tx.authenticators.of(person) if item.factor == factor)


@dataclass(frozen=True, slots=True)
class _Try:
    """One counted answer on its way to the factor."""

    challenge: Challenge
    claim: Claim
    held: tuple[Authenticator, ...]

    @property
    def usable(self) -> tuple[Authenticator, ...]:
        return _usable(self.held, self.challenge.authenticator_id)


class Challenges:
    """Begins challenges and takes their answers."""

    def __init__(self, kit: Kit, sessions: Sessions) -> None:
        self._kit = kit
        self._sessions = sessions

    async def begin(
        self,
        visit: Visit,
        factor: str,
        *,
        action: str = "",
        chosen: AuthenticatorId | None = None,
    ) -> Challenge:
        """A challenge of this factor is open, bound to person, session and (if given) action.

        Only the chosen authenticator may answer it, or any of the factor where none was chosen.

        Raises:
            NotFound: the person has no usable authenticator of this factor, or not the chosen one.
            TooManyAttempts: too many were begun lately.

        """
        session = visit.require_session()
        await self._kit.limiter.take(CHALLENGES_BEGUN, counted_under(visit))
        held = await self._held(visit, factor, chosen)
        now, which = self._kit.clock(), ChallengeId(new_id())
        context = Context(visit.person, visit.label, now, which, held)
        begun = self._kit.factors[factor].begin_challenge(context, _usable(held, chosen))
        started = await from_plugin(begun)
        challenge = Challenge(
            id=which,
            person=visit.person,
            session_id=session.id,
            purpose=Purpose.ACTION if action else Purpose.SIGN_IN,
            factor=factor,
            action=action,
            authenticator_id=chosen,
            prompt=started.prompt,
            state=started.state,
            created_at=now,
            expires_at=end_of(started, now),
        )
        async with self._kit.store.begin() as tx:
            await tx.challenges.add(challenge)
        return challenge

    async def preview(self, visit: Visit, factor: str) -> Prompt | None:
        """Return the prompt of a factor that has nothing to remember and nobody to write to.

        Such a challenge may be begun together with its answer, so that a page can ask at once
        although showing it begins nothing. None: it has to be begun first.

        Raises:
            NotFound: the person has no usable authenticator of this factor.

        """
        held = await self._held(visit, factor)
        context = Context(visit.person, visit.label, self._kit.clock(), "", held)
        begun = self._kit.factors[factor].begin_challenge(context, _usable(held))
        started = await from_plugin(begun)
        return None if started.state or started.messages else started.prompt

    async def show(self, visit: Visit, which: ChallengeId) -> Challenge:
        """Return an open challenge of this visit, to be shown again.

        Raises:
            ChallengeGone: it is not open, or not of this person and session.

        """
        session = visit.require_session()
        async with self._kit.store.read() as tx:
            challenge = await tx.challenges.get(which, visit.person, session.id, self._kit.clock())
        return _no_enrollment(challenge)

    async def answer(self, visit: Visit, which: ChallengeId, response: Response) -> Entered:
        """The session holds a new proof and has a new token.

        Raises:
            ChallengeGone: not open, or not of this person and session.
            TooManyAttempts: nothing was checked.
            ResponseRejected: wrong; the try stays counted.

        """
        bounded(response)
        attempt = await self._claim(visit, which)
        challenge = attempt.challenge
        now = self._kit.clock()
        context = Context(visit.person, visit.label, now, challenge.id, attempt.held)
        factor = self._kit.factors[challenge.factor]
        outcome = await from_plugin(
            factor.finish_challenge(context, attempt.usable, challenge.state, response)
        )
        match outcome:
            case Verified():
                return await self._accept(visit, attempt, outcome)
            case Rejected():
                await self._refuse(visit, attempt, outcome)
                raise ResponseRejected(outcome.reason, hint_s=outcome.hint_s)
            case _:
                assert_never(outcome)

    async def _held(
        self, visit: Visit, factor: str, chosen: AuthenticatorId | None = None
    ) -> tuple[Authenticator, ...]:
        """Return all that the person has of a factor, one of which at least is usable.

        Raises:
            NotFound: none is, or not the chosen one.

        """
        async with self._kit.store.read() as tx:
            held = await held_of(tx, visit.person, factor)
            account = await tx.accounts.get(visit.person)
        known = factor in self._kit.factors and account is not None and account.enabled
        if not known or not _usable(held, chosen):
            message = f"no usable authenticator of factor {factor!r}"
            raise NotFound(message)
        return held

    async def _claim(self, visit: Visit, which: ChallengeId) -> _Try:
        """Count the try, and commit that, before anything is compared (THREATS 50)."""
        session, now = visit.require_session(), self._kit.clock()
        async with self._kit.store.begin() as tx:
            challenge = _no_enrollment(
                await tx.challenges.get(which, visit.person, session.id, now)
            )
            claim = await tx.attempts.claim(
                visit.person, challenge.factor, known=visit.known, challenge=which, now=now
            )
        held = await self._held(visit, challenge.factor, challenge.authenticator_id)
        return _Try(challenge, claim, held)

    async def _accept(self, visit: Visit, attempt: _Try, outcome: Verified) -> Entered:
        """Consume, replace, prove, rotate and record, in one transaction or not at all."""
        now, challenge = self._kit.clock(), attempt.challenge
        current = _named(attempt.usable, outcome.authenticator_id)
        proof = Proof(challenge.factor, current.id, outcome.amr, now, current.most(now))
        try:
            async with self._kit.store.begin() as tx:
                await tx.challenges.consume(challenge, now, verified=True)
                await tx.authenticators.replace(current, outcome.material, used_at=now)
                await tx.attempts.settle(attempt.claim, verified=True, now=now)
                entered = await self._sessions.elevate(tx, visit, proof, now)
                await tx.trail.append(
                    act(
                        visit,
                        "challenge.verified",
                        now,
                        factor=proof.factor,
                        action=challenge.action,
                    )
                )
        except StaleMaterial as lost:
            reason = "already-used"
            raise ResponseRejected(reason) from lost
        self._sessions.forget(entered.session.id)
        return entered

    async def _refuse(self, visit: Visit, attempt: _Try, outcome: Rejected) -> None:
        """Record the failure; at the hundredth in a row the factor is disabled for good."""
        now, factor = self._kit.clock(), attempt.challenge.factor
        async with self._kit.store.begin() as tx:
            await tx.attempts.settle(attempt.claim, verified=False, now=now)
            await tx.trail.append(
                act(visit, "challenge.rejected", now, factor=factor, reason=outcome.reason)
            )
            if attempt.claim.last:
                for item in await tx.authenticators.of(visit.person):
                    if item.factor == factor and item.status is AuthenticatorStatus.ACTIVE:
                        await tx.authenticators.move(item, "disable", now)
                await tx.challenges.void(visit.person, now)
                await tx.trail.append(act(visit, "authenticator.disabled", now, factor=factor))
        await self._remember(attempt, outcome)

    async def _remember(self, attempt: _Try, outcome: Rejected) -> None:
        """Store what a rejection taught (a burned step), or withhold what it would tell."""
        if outcome.material is None or outcome.authenticator_id is None or attempt.claim.last:
            return
        try:
            async with self._kit.store.begin() as tx:
                current = _named(attempt.usable, outcome.authenticator_id)
                await tx.authenticators.replace(current, outcome.material, used_at=None)
        except StaleMaterial as lost:
            # The hint may only be given together with the burning of the step it reveals.
            reason = "wrong"
            raise ResponseRejected(reason) from lost


def _no_enrollment(challenge: Challenge) -> Challenge:
    """Return the challenge; an object of one purpose is never accepted for another."""
    if challenge.purpose is Purpose.ENROLL:
        message = "an enrollment is not a challenge"
        raise ChallengeGone(message)
    return challenge


def _usable(
    held: tuple[Authenticator, ...], chosen: AuthenticatorId | None = None
) -> tuple[Authenticator, ...]:
    return tuple(item for item in held if item.usable and chosen in (None, item.id))


def _named(held: tuple[Authenticator, ...], which: str) -> Authenticator:
    for item in held:
        if item.id == which:
            return item
    message = "the factor named an authenticator that it was not given"
    raise RuntimeError(message)
