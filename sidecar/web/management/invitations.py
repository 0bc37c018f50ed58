"""Inviting people, over the API."""

from datetime import timedelta

from sidecar.api import invitations as api
from sidecar.api.authenticators import Whose
from sidecar.flows.people import People
from sidecar.web.management.call import Answer, Call, Handlers


class InvitationCalls:
    """Calls about codes that open somebody's first enrollment."""

    def __init__(self, people: People) -> None:
        self._people = people

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {api.INVITE.name: self.invite, api.WITHDRAW.name: self.withdraw}

    async def invite(self, call: Call) -> Answer:
        sent = call.sent(api.Invite)
        person, life = call.person(sent.user_id), timedelta(seconds=sent.life_s)
        made = await self._people.invitation(person, call.actor, life)
        return Answer(
            api.Invitation(user_id=person.user_id, code=made.code, expires_at=made.expires_at)
        )

    async def withdraw(self, call: Call) -> Answer:
        await self._people.withdraw(call.person(call.asked(Whose).user_id), call.actor)
        return Answer()
