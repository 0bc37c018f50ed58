"""Telling over the API where people stand."""

from sidecar.api import status as api
from sidecar.api.words import LEVELS
from sidecar.flows.kit import Kit
from sidecar.flows.status import status_of
from sidecar.web.management.call import Answer, Call, Handlers


class StatusCalls:
    """Calls about where a person stands."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {api.READ.name: self.read}

    async def read(self, call: Call) -> Answer:
        found = await status_of(self._kit, call.person())
        account = found.account
        return Answer(
            api.Status(
                user_id=found.person.user_id,
                standing=found.standing.value,
                enabled=account is None or account.enabled,
                exempt=found.exempt,
                required=account is not None and account.required,
                enrolled_at=account.enrolled_at if account else None,
                factors=tuple(
                    api.ReadyFactor(
                        factor=one.factor, level=LEVELS[one.level], held_until=one.held_until
                    )
                    for one in found.ready
                ),
                level=LEVELS[found.level],
                backup_codes_left=found.codes_left,
                sessions=found.sessions,
                locked=tuple(
                    api.LockedFactor(
                        factor=one.factor,
                        bucket="known" if one.known else "strangers",
                        retry_after=one.retry_after_s,
                    )
                    for one in found.locked
                ),
            )
        )
