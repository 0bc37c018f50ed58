"""Methods about what people have, where they are signed in, and what happened."""

from datetime import datetime
from typing import Literal

from sidecar.api import analytics, authenticators, histories, sessions
from sidecar.api.words import PAGE
from sidecar.client.calls import Calls
from sidecar.client.desk import Ask


class Looking(Calls):
    """What people have set up, where they are signed in, what happened."""

    async def list_authenticators(self, user_id: str) -> authenticators.Authenticators:
        return await self.call(
            Ask(authenticators.LIST, query={"user_id": user_id}), authenticators.Authenticators
        )

    async def read_authenticator(
        self, authenticator_id: str, user_id: str
    ) -> authenticators.Authenticator:
        ask = Ask(
            authenticators.READ, {"authenticator_id": authenticator_id}, query={"user_id": user_id}
        )
        return await self.call(ask, authenticators.Authenticator)

    async def change_authenticator(
        self,
        authenticator_id: str,
        user_id: str,
        *,
        name: str | None = None,
        status: Literal["active", "suspended"] | None = None,
    ) -> authenticators.Authenticator:
        body = {"user_id": user_id, "name": name, "status": status}
        ask = Ask(authenticators.CHANGE, {"authenticator_id": authenticator_id}, body=body)
        return await self.call(ask, authenticators.Authenticator)

    async def approve_authenticator(
        self, authenticator_id: str, user_id: str
    ) -> authenticators.Authenticator:
        ask = Ask(
            authenticators.APPROVE,
            {"authenticator_id": authenticator_id},
            body={"user_id": user_id},
        )
        return await self.call(ask, authenticators.Authenticator)

    async def remove_authenticator(self, authenticator_id: str, user_id: str) -> None:
        ask = Ask(
            authenticators.REMOVE,
            {"authenticator_id": authenticator_id},
            query={"user_id": user_id},
        )
        await self.ask(ask)

    async def list_sessions(self, user_id: str) -> sessions.Sessions:
        return await self.call(Ask(sessions.LIST, query={"user_id": user_id}), sessions.Sessions)

    async def end_session(self, session_id: str, user_id: str) -> None:
        ask = Ask(sessions.END, {"session_id": session_id}, query={"user_id": user_id})
        await self.ask(ask)

    async def end_sessions(
        self, *, user_id: str | None = None, everybody: bool = False
    ) -> sessions.SignedOut:
        query = {"user_id": user_id, "everybody": everybody}
        return await self.call(Ask(sessions.END_ALL, query=query), sessions.SignedOut)

    async def list_attempts(
        self,
        *,
        limit: int = PAGE,
        cursor: str | None = None,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        factor: str | None = None,
    ) -> histories.Attempts:
        query = {
            "limit": limit,
            "cursor": cursor,
            "user_id": user_id,
            "since": since,
            "until": until,
            "factor": factor,
        }
        return await self.call(Ask(histories.ATTEMPTS, query=query), histories.Attempts)

    async def list_events(
        self,
        *,
        limit: int = PAGE,
        cursor: str | None = None,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        name: str | None = None,
    ) -> histories.Events:
        query = {
            "limit": limit,
            "cursor": cursor,
            "user_id": user_id,
            "since": since,
            "until": until,
            "name": name,
        }
        return await self.call(Ask(histories.EVENTS, query=query), histories.Events)

    async def read_stats(self, *, since: datetime | None = None) -> analytics.Stats:
        return await self.call(Ask(analytics.READ, query={"since": since}), analytics.Stats)
