"""Where people are signed in, over the API."""

from sidecar.api import sessions as api
from sidecar.api.authenticators import Whose
from sidecar.core.model import SessionId
from sidecar.flows.signed_in import SignedIn, SignOuts
from sidecar.web.management.authenticators import LEVELS
from sidecar.web.management.call import Answer, Call, Handlers


class SessionCalls:
    """Calls about sessions in browsers."""

    def __init__(self, sign_outs: SignOuts) -> None:
        self._sign_outs = sign_outs

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.LIST.name: self.list,
            api.END.name: self.end,
            api.END_ALL.name: self.end_all,
        }

    async def list(self, call: Call) -> Answer:
        person = call.person(call.asked(Whose).user_id)
        told = tuple(shown(found) for found in await self._sign_outs.of(person))
        return Answer(api.Sessions(user_id=person.user_id, sessions=told))

    async def end(self, call: Call) -> Answer:
        person = call.person(call.asked(Whose).user_id)
        await self._sign_outs.end(person, SessionId(call.path["session_id"]), call.actor)
        return Answer()

    async def end_all(self, call: Call) -> Answer:
        asked = call.asked(api.SignOut)
        ended = (
            await self._sign_outs.end_everybody(call.actor)
            if asked.user_id is None
            else await self._sign_outs.end_all(call.person(asked.user_id), call.actor)
        )
        return Answer(api.SignedOut(sessions=ended.sessions, remembered=ended.browsers))


def shown(found: SignedIn) -> api.Session:
    """Return what may be told of a session."""
    session = found.session
    proven = (proof.factor for proof in session.proofs if not proof.remembered)
    return api.Session(
        id=session.id,
        user_id=session.person.user_id,
        level=LEVELS[found.assurance.level],
        factors=tuple(dict.fromkeys(proven)),
        remembered=any(proof.remembered for proof in session.proofs),
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
        user_agent=session.user_agent,
        network=session.address,
    )
