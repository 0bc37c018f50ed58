"""Setting up authenticator apps over the API: what the app is given, and its first code."""

from collections.abc import Mapping

from sidecar.api import enrollments as api
from sidecar.core.model import Authenticator, ChallengeId, PromptValue
from sidecar.flows.provisioning import Provisioning
from sidecar.flows.requested import Asked
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.steps import errand_of, told
from sidecar.web.png import qr_png
from sidecar.web.qr import qr_svg


class AppCalls:
    """The same enrollment as any, in the words of apps."""

    def __init__(self, provisioning: Provisioning, *, app: str) -> None:
        self._provisioning = provisioning
        self._app = app

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {api.SETUP.name: self.setup, api.VERIFY.name: self.verify}

    async def setup(self, call: Call) -> Answer:
        sent = call.sent(api.NewApp)
        asked = await self._provisioning.begin(errand_of(call, sent), self._app, {})
        return Answer(_shown(asked))

    async def verify(self, call: Call) -> Answer:
        sent = call.sent(api.AppCode)
        errand, which = errand_of(call, sent), ChallengeId(sent.enrollment_id)
        done = await self._provisioning.finish(
            *(errand, which, {"code": sent.code}), name=sent.name or "", factor=self._app
        )
        if not isinstance(done, Authenticator):
            message = "an app was set up in more than one step"
            raise RuntimeError(message)  # noqa: TRY004 - a broken plugin, not a wrong argument
        spares = await self._provisioning.spares(errand.person)
        return Answer(api.AppEnabled(authenticator=told(done), enabled=True, backup_codes=spares))


def _shown(asked: Asked) -> api.OpenApp:
    data: Mapping[str, PromptValue] = asked.challenge.prompt.data
    uri = str(data["uri"])
    return api.OpenApp(
        enrollment_id=asked.challenge.id,
        secret=str(data["secret"]),
        uri=uri,
        qr_svg=qr_svg(uri, title=f"{data['issuer']}: {data['account']}"),
        qr_png=qr_png(uri),
        digits=int(str(data["digits"])),
        period=int(str(data["period"])),
        algorithm=str(data["algorithm"]),
        expires_at=asked.challenge.expires_at,
    )
