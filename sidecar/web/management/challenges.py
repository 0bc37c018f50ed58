"""Asking people for proofs over the API."""

from sidecar.api import challenges as api
from sidecar.core.model import AuthenticatorId, ChallengeId
from sidecar.flows.behalf import Errand
from sidecar.flows.requested import Asked, Requested, Wish
from sidecar.results import Results
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.steps import LEVELS, errand_of, response_of, step_of


class ChallengeCalls:
    """Calls by which a person is asked, and answers."""

    def __init__(self, requested: Requested, results: Results) -> None:
        self._requested = requested
        self._results = results

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.BEGIN.name: self.begin,
            api.RESEND.name: self.resend,
            api.VERIFY.name: self.verify,
        }

    async def begin(self, call: Call) -> Answer:
        sent = call.sent(api.NewChallenge)
        chosen = AuthenticatorId(sent.authenticator_id) if sent.authenticator_id else None
        wish = Wish(sent.factor or "", chosen, sent.action or "")
        return _open(await self._requested.begin(errand_of(call, sent), wish))

    async def resend(self, call: Call) -> Answer:
        sent = call.sent(api.Resend)
        errand = Errand(call.client, call.person(sent.user_id), call.request_id)
        return _open(await self._requested.again(errand, ChallengeId(sent.challenge_id)))

    async def verify(self, call: Call) -> Answer:
        sent = call.sent(api.Answer)
        errand, which = errand_of(call, sent), ChallengeId(sent.challenge_id)
        proven = await self._requested.answer(errand, which, response_of(sent))
        body = api.Result(
            verified=True,
            challenge_id=which,
            level=LEVELS[proven.assurance.level],
            amr=proven.assurance.amr,
            factor=proven.proof.factor,
            authenticator_id=proven.proof.authenticator_id,
            at=proven.proof.at,
            action=proven.action or None,
            result=self._results.sign(call.client, errand.person, proven),
        )
        return Answer(body)


def _open(asked: Asked) -> Answer:
    return Answer(api.OpenChallenge(challenge_id=asked.challenge.id, **step_of(asked)))
