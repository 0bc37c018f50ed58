"""Refused requests of identified people enter the audit trail, at most one a minute and rule."""

from datetime import timedelta

from sidecar.core.errors import TooManyAttempts
from sidecar.core.volume import Bucket
from sidecar.flows.kit import Kit
from sidecar.flows.record import act
from sidecar.flows.visit import Visit

RECORDED = Bucket("refusal.record", 1, timedelta(minutes=1))
"""More would let anybody who is signed in fill the trail."""


class Refusals:
    """Writes down what the policy refused to whom."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def record(self, visit: Visit, rule: str, reason: str) -> None:
        """The refusal is in the trail, unless one like it was written within the minute."""
        try:
            await self._kit.limiter.take(RECORDED, f"{visit.person.user_id}\n{rule}")
        except TooManyAttempts:
            return
        now = self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            await tx.trail.append(act(visit, "request.refused", now, rule=rule, reason=reason))
