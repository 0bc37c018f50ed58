"""Setting up any factor over the API."""

from sidecar.api import enrollments as api
from sidecar.core.model import ChallengeId
from sidecar.flows.behalf import Errand
from sidecar.flows.provisioning import Provisioning
from sidecar.flows.requested import Asked
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.steps import errand_of, response_of, step_of, told


class EnrollmentCalls:
    """Calls by which something is set up, step by step."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.BEGIN.name: self.begin,
            api.FINISH.name: self.finish,
            api.RESEND.name: self.resend,
        }

    async def begin(self, call: Call) -> Answer:
        sent = call.sent(api.NewEnrollment)
        asked = await self._provisioning.begin(errand_of(call, sent), sent.factor, sent.fields)
        return Answer(_open(asked))

    async def resend(self, call: Call) -> Answer:
        sent = call.sent(api.ResendStep)
        errand = Errand(call.client, call.person(sent.user_id), call.request_id)
        return Answer(_open(await self._provisioning.again(errand, _named(call))))

    async def finish(self, call: Call) -> Answer:
        sent = call.sent(api.Confirmation)
        done = await self._provisioning.finish(
            errand_of(call, sent), _named(call), response_of(sent), name=sent.name or ""
        )
        if isinstance(done, Asked):
            return Answer(api.Progress(status="pending", step=_open(done)))
        return Answer(api.Progress(status="active", authenticator=told(done)))


def _named(call: Call) -> ChallengeId:
    return ChallengeId(call.path["enrollment_id"])


def _open(asked: Asked) -> api.OpenEnrollment:
    return api.OpenEnrollment(enrollment_id=asked.challenge.id, **step_of(asked))
