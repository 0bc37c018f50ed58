"""Asking for a recovery over the API, and deciding it."""

from sidecar.api import recovery as api
from sidecar.core.recoveries import RecoveryId, RecoveryStatus
from sidecar.flows.recover import Recovery
from sidecar.web.management.call import Answer, Call, Handlers


class RecoveryCalls:
    """Calls about people who lost every factor."""

    def __init__(self, recovery: Recovery) -> None:
        self._recovery = recovery

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {api.ASK.name: self.ask, api.DECIDE.name: self.decide}

    async def ask(self, call: Call) -> Answer:
        sent = call.sent(api.RecoveryAsked)
        made = await self._recovery.request(call.person(sent.user_id), call.client, sent.reason)
        return Answer(
            api.RecoveryWaiting(recovery_id=made.id, status="pending", expires_at=made.expires_at)
        )

    async def decide(self, call: Call) -> Answer:
        sent = call.sent(api.RecoveryDecision)
        done = await self._recovery.decide(
            RecoveryId(sent.recovery_id), call.client, approve=sent.approve, note=sent.note or ""
        )
        approved = done.request.status is RecoveryStatus.APPROVED
        return Answer(
            api.RecoveryDecided(
                recovery_id=done.request.id,
                user_id=done.request.person.user_id,
                status="approved" if approved else "denied",
                removed=done.removed,
                invitation=done.invitation or None,
                invitation_expires_at=done.invited_until,
            )
        )
