"""Methods about people: where they stand, and what operators do for them."""

from sidecar.api import invitations, recovery, status, users
from sidecar.api.words import PAGE
from sidecar.client.calls import Calls
from sidecar.client.desk import Ask


class Helping(Calls):
    """Where people stand, and helping them."""

    async def list_users(
        self,
        *,
        limit: int = PAGE,
        cursor: str | None = None,
        realm: str | None = None,
        enabled: bool | None = None,
        enrolled: bool | None = None,
    ) -> users.Users:
        query = {
            "limit": limit,
            "cursor": cursor,
            "realm": realm,
            "enabled": enabled,
            "enrolled": enrolled,
        }
        return await self.call(Ask(users.LIST, query=query), users.Users)

    async def read_user(self, user_id: str) -> users.Dossier:
        return await self.call(Ask(users.READ, {"user_id": user_id}), users.Dossier)

    async def rename_user(self, user_id: str, new_user_id: str) -> users.User:
        ask = Ask(users.RENAME, {"user_id": user_id}, body={"user_id": new_user_id})
        return await self.call(ask, users.User)

    async def erase_user(self, user_id: str) -> users.UserErased:
        return await self.call(Ask(users.ERASE, {"user_id": user_id}), users.UserErased)

    async def reset_user(self, user_id: str, *, reason: str) -> users.UserWasReset:
        ask = Ask(users.RESET, {"user_id": user_id}, body={"reason": reason})
        return await self.call(ask, users.UserWasReset)

    async def unlock_user(self, user_id: str, *, reason: str | None = None) -> users.UserUnlocked:
        ask = Ask(users.UNLOCK, {"user_id": user_id}, body={"reason": reason})
        return await self.call(ask, users.UserUnlocked)

    async def read_status(self, user_id: str) -> status.Status:
        return await self.call(Ask(status.READ, {"user_id": user_id}), status.Status)

    async def request_recovery(self, user_id: str, *, reason: str) -> recovery.RecoveryWaiting:
        ask = Ask(recovery.ASK, body={"user_id": user_id, "reason": reason})
        return await self.call(ask, recovery.RecoveryWaiting)

    async def decide_recovery(
        self, *, recovery_id: str, approve: bool = True, note: str | None = None
    ) -> recovery.RecoveryDecided:
        body = {"recovery_id": recovery_id, "approve": approve, "note": note}
        return await self.call(Ask(recovery.DECIDE, body=body), recovery.RecoveryDecided)

    async def invite(
        self, user_id: str, *, life_s: int = invitations.USUAL_S
    ) -> invitations.Invitation:
        ask = Ask(invitations.INVITE, body={"user_id": user_id, "life_s": life_s})
        return await self.call(ask, invitations.Invitation)

    async def withdraw_invitation(self, user_id: str) -> None:
        await self.ask(Ask(invitations.WITHDRAW, query={"user_id": user_id}))
