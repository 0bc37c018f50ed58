"""Methods about what is configured of a person."""

from collections.abc import Sequence

from sidecar.api import config as api
from sidecar.client.calls import Calls
from sidecar.client.desk import Ask


class Configuring(Calls):
    """Whether a person's factors count, and where notices go."""

    async def create_config(
        self,
        user_id: str,
        *,
        enabled: bool = True,
        required: bool = False,
        contacts: Sequence[api.Contact] = (),
    ) -> api.Config:
        body = {
            "user_id": user_id,
            "enabled": enabled,
            "required": required,
            "contacts": contacts,
        }
        return await self.call(Ask(api.CREATE, body=body), api.Config)

    async def read_config(self, user_id: str) -> api.Config:
        return await self.call(Ask(api.READ, {"user_id": user_id}), api.Config)

    async def change_config(
        self,
        user_id: str,
        *,
        enabled: bool = True,
        required: bool = False,
        contacts: Sequence[api.Contact] = (),
        version: int | None = None,
    ) -> api.Config:
        """Every field is said anew; with a `version` that was read, only if it still stands."""
        body = {"enabled": enabled, "required": required, "contacts": contacts}
        etag = "" if version is None else f'"{version}"'
        ask = Ask(api.CHANGE, {"user_id": user_id}, body=body, if_match=etag)
        return await self.call(ask, api.Config)

    async def enable(self, user_id: str, *, reason: str | None = None) -> api.Switched:
        body = {"user_id": user_id, "reason": reason}
        return await self.call(Ask(api.ENABLE, body=body), api.Switched)

    async def disable(self, user_id: str, *, reason: str | None = None) -> api.Switched:
        body = {"user_id": user_id, "reason": reason}
        return await self.call(Ask(api.DISABLE, body=body), api.Switched)
