"""Backup codes over the API: made, and counted."""

from sidecar.api import backup_codes as api
from sidecar.core.model import LookupCodes
from sidecar.flows.provisioning import Provisioning
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.steps import errand_of


class BackupCodeCalls:
    """Calls about what stands in for a lost factor."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {api.GENERATE.name: self.generate, api.READ.name: self.read}

    async def generate(self, call: Call) -> Answer:
        sent = call.sent(api.NewCodes)
        made, codes = await self._provisioning.codes(errand_of(call, sent))
        body = api.Codes(
            codes=codes, count=len(codes), authenticator_id=made.id, made_at=made.created_at
        )
        return Answer(body)

    async def read(self, call: Call) -> Answer:
        person = call.person()
        held = await self._provisioning.spare(person)
        found = held.material if held else None
        codes = found.codes if isinstance(found, LookupCodes) else ()
        left = found.left if isinstance(found, LookupCodes) else 0
        body = api.CodesLeft(
            user_id=person.user_id,
            total=len(codes),
            used=len(codes) - left,
            unused=left,
            made_at=held.created_at if held else None,
            codes=tuple(
                api.CodeUse(position=at, used_at=code.used_at) for at, code in enumerate(codes, 1)
            ),
        )
        return Answer(body)
