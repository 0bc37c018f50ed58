"""A counted answer is judged by its factor, and what follows from the verdict is done."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from sidecar.core.errors import ChallengeGone, ResponseRejected, StaleMaterial
from sidecar.core.guessing import Claim
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Challenge,
    Proof,
    Rejected,
    Response,
    Verified,
)
from sidecar.core.outbox import PostId
from sidecar.core.protocols import Context
from sidecar.core.stores import Transaction
from sidecar.flows.deliver import used
from sidecar.flows.ending import end_remembered
from sidecar.flows.kit import Entered, Kit
from sidecar.flows.notices import Notices
from sidecar.flows.record import act
from sidecar.flows.sessions import (
    Sessions,
)
from sidecar.flows.visit import Visit


@dataclass(frozen=True, slots=True)
class Try:
    """One counted answer on its way to the factor."""

    challenge: Challenge
    claim: Claim
    held: tuple[Authenticator, ...]
    once: bool = False
    """The challenge is used up by its first answer, whatever that is."""

    @property
    def usable(self) -> tuple[Authenticator, ...]:
        return usable(self.held, self.challenge.authenticator_id)


def usable(
    held: tuple[Authenticator, ...], chosen: AuthenticatorId | None = None
) -> tuple[Authenticator, ...]:
    """Return those that may answer: all that can, or only the chosen one."""
    return tuple(item for item in held if item.usable and chosen in (None, item.id))


class Judge:
    """Takes answers that were counted, never others."""

    def __init__(self, kit: Kit, sessions: Sessions, notices: Notices) -> None:
        self._kit = kit
        self._sessions = sessions
        self._notices = notices

    async def decide(self, visit: Visit, attempt: Try, response: Response) -> Entered:
        """The session holds a new proof and has a new token.

        Raises:
            ResponseRejected: wrong; the try stays counted.
            ChallengeGone: another answer to the same challenge was faster.

        """
        challenge = attempt.challenge
        now = self._kit.clock()
        context = Context(visit.person, visit.label, now, challenge.id, attempt.held)
        outcome = await self._kit.factors[challenge.factor].finish_challenge(
            context, attempt.usable, challenge.state, response
        )
        match outcome:
            case Verified():
                return await self._accept(visit, attempt, outcome)
            case Rejected():
                await self._refuse(visit, attempt, outcome)
                raise ResponseRejected(
                    outcome.reason, hint_s=outcome.hint_s, over=outcome.over, tell=outcome.tell
                )
            case _:
                assert_never(outcome)

    async def _accept(self, visit: Visit, attempt: Try, outcome: Verified) -> Entered:
        """Consume, replace, prove, rotate and record, in one transaction or not at all."""
        now, challenge = self._kit.clock(), attempt.challenge
        current = _named(attempt.usable, outcome.authenticator_id)
        proof = Proof(challenge.factor, current.id, outcome.amr, now, current.most(now))
        try:
            async with self._kit.store.begin(visit.person) as tx:
                await tx.challenges.consume(challenge, now, verified=True)
                await tx.authenticators.replace(current, outcome.material, used_at=now)
                await tx.attempts.settle(attempt.claim, verified=True, now=now)
                if not attempt.once:  # such a challenge is none that anything was sent for
                    await used(tx, challenge.id, now)
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
        return replace(entered, action=challenge.action, proof=proof)

    async def _refuse(self, visit: Visit, attempt: Try, outcome: Rejected) -> None:
        """Record the failure; at the hundredth in a row the factor is disabled for good."""
        now, factor = self._kit.clock(), attempt.challenge.factor
        posts: tuple[PostId, ...] = ()
        async with self._kit.store.begin(visit.person) as tx:
            await tx.attempts.settle(attempt.claim, verified=False, now=now)
            if attempt.once or outcome.over:
                # Whoever was faster with the same challenge has used it up just as well.
                with suppress(ChallengeGone):
                    await tx.challenges.consume(attempt.challenge, now, verified=False)
            await tx.trail.append(
                act(visit, "challenge.rejected", now, factor=factor, reason=outcome.reason)
            )
            if attempt.claim.last:
                posts = await self._disable(tx, visit, factor, now)
        if attempt.claim.last:
            await self._sessions.catch_up(visit.person)
        await self._notices.send(posts)
        await self._remember(attempt, outcome)

    async def _disable(
        self, tx: Transaction, visit: Visit, factor: str, now: datetime
    ) -> tuple[PostId, ...]:
        """Nothing of the factor can be guessed at any more; return the notices of it."""
        for item in await tx.authenticators.of(visit.person):
            if item.factor == factor and item.status is AuthenticatorStatus.ACTIVE:
                await tx.authenticators.move(item, "disable", now)
        await tx.challenges.void(visit.person, now)
        await end_remembered(tx, visit.person, now, levels=self._kit.levels)
        await tx.trail.append(act(visit, "authenticator.disabled", now, factor=factor))
        return await self._notices.tell(
            *(tx, visit, "authenticator_disabled"), what="", factor=factor
        )

    async def _remember(self, attempt: Try, outcome: Rejected) -> None:
        """Store what a rejection taught (a burned step), or withhold what it would tell."""
        if outcome.material is None or outcome.authenticator_id is None or attempt.claim.last:
            return
        try:
            async with self._kit.store.begin(attempt.challenge.person) as tx:
                current = _named(attempt.usable, outcome.authenticator_id)
                await tx.authenticators.replace(current, outcome.material, used_at=None)
        except StaleMaterial as lost:
            # The hint may only be given together with the burning of the step it reveals.
            reason = "wrong"
            raise ResponseRejected(reason) from lost


def _named(held: tuple[Authenticator, ...], which: str) -> Authenticator:
    """Return the authenticator; a guarded factor names none but those that it was given."""
    return next(item for item in held if item.id == which)
