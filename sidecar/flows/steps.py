"""The steps of an enrollment: opened with what they send, tried, and used up."""

from dataclasses import dataclass
from datetime import datetime

from sidecar.core.guessing import Claim
from sidecar.core.model import Challenge, Started
from sidecar.core.outbox import PostId
from sidecar.core.stores import Transaction
from sidecar.flows.deliver import Deliveries, used
from sidecar.flows.visit import Visit


def enrolling(factor: str) -> str:
    """Return the name under which tries at codes of an enrollment are counted.

    Apart from the factor: guessing at an address to be confirmed disables nothing.
    """
    return f"{factor}:enroll"


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and the try at it where a code was sent for it."""

    visit: Visit
    challenge: Challenge
    claim: Claim | None = None

    async def begin(
        self, tx: Transaction, deliveries: Deliveries, begun: Started
    ) -> tuple[PostId, ...]:
        """The step is open; return the messages that were accepted for it.

        Raises:
            TooManyAttempts: a budget of messages is used up.
            DeliveryFailed: nothing is sent there.

        """
        await tx.challenges.add(self.challenge)
        return await deliveries.post(
            *(tx, self.visit, begun.messages),
            challenge=self.challenge.id,
            expires_at=self.challenge.expires_at,
        )

    @classmethod
    async def tried(
        cls, tx: Transaction, visit: Visit, challenge: Challenge, now: datetime
    ) -> "Step":
        """Return the step; a try at a code is counted before it is checked (NIST OBV-6).

        Raises:
            TooManyAttempts: nothing may be checked.

        """
        if not await tx.sendings.of(challenge.id):
            return cls(visit, challenge)
        name = enrolling(challenge.factor)
        claim = await tx.attempts.claim(
            *(visit.person, name),
            known=visit.known,
            challenge=challenge.id,
            now=now,
            lasting=False,
        )
        return cls(visit, challenge, claim)

    async def end(self, tx: Transaction, now: datetime, *, last: bool) -> None:
        """The step is used up, and what was sent for it served its purpose.

        Raises:
            ChallengeGone: somebody else ended it first.

        """
        await tx.challenges.consume(self.challenge, now, verified=last)
        await used(tx, self.challenge.id, now)
        if self.claim is not None:
            await tx.attempts.settle(self.claim, verified=True, now=now)
