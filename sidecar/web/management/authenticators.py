"""What people have set up, over the API."""

from typing import Final

from sidecar.api import authenticators as api
from sidecar.api.words import AuthenticatorWord, LevelWord
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Level,
    LookupCodes,
)
from sidecar.flows.holdings import Change, Holdings
from sidecar.web.management.call import Answer, Call, Handlers

LEVELS: Final[dict[Level, LevelWord]] = {
    Level.ONE_FACTOR: "one_factor",
    Level.TWO_FACTOR: "two_factor",
    Level.PHISHING_RESISTANT: "phishing_resistant",
}
_STATUSES: Final[dict[AuthenticatorStatus, AuthenticatorWord]] = {
    AuthenticatorStatus.ACTIVE: "active",
    AuthenticatorStatus.SUSPENDED: "suspended",
    AuthenticatorStatus.DISABLED: "disabled",
    AuthenticatorStatus.EXPIRED: "expired",
}
_SUSPENDED: Final = {"suspended": True, "active": False, None: None}


class AuthenticatorCalls:
    """Calls about what people have set up."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.LIST.name: self.list,
            api.READ.name: self.read,
            api.CHANGE.name: self.change,
            api.APPROVE.name: self.approve,
            api.REMOVE.name: self.remove,
        }

    async def list(self, call: Call) -> Answer:
        person = call.person(call.asked(api.Whose).user_id)
        held = await self._holdings.of(person)
        told = tuple(shown(item) for item in held)
        return Answer(api.Authenticators(user_id=person.user_id, authenticators=told))

    async def read(self, call: Call) -> Answer:
        person = call.person(call.asked(api.Whose).user_id)
        return Answer(shown(await self._holdings.get(person, _which(call))))

    async def change(self, call: Call) -> Answer:
        sent = call.sent(api.AuthenticatorChange)
        wanted = Change(sent.name, _SUSPENDED[sent.status])
        person = call.person(sent.user_id)
        return Answer(shown(await self._holdings.change(person, _which(call), wanted, call.actor)))

    async def approve(self, call: Call) -> Answer:
        person = call.person(call.sent(api.Whose).user_id)
        return Answer(shown(await self._holdings.approve(person, _which(call), call.actor)))

    async def remove(self, call: Call) -> Answer:
        person = call.person(call.asked(api.Whose).user_id)
        await self._holdings.remove(person, _which(call), call.actor)
        return Answer()


def shown(item: Authenticator) -> api.Authenticator:
    """Return what may be told of it."""
    material = item.material
    return api.Authenticator(
        id=item.id,
        user_id=item.person.user_id,
        factor=item.factor,
        name=item.name,
        status=_STATUSES[item.status],
        usable=item.usable,
        level=LEVELS[item.level],
        held_until=item.held_until,
        created_at=item.created_at,
        last_used_at=item.last_used_at,
        detail=item.detail,
        left=material.left if isinstance(material, LookupCodes) else None,
    )


def _which(call: Call) -> AuthenticatorId:
    return AuthenticatorId(call.path["authenticator_id"])
