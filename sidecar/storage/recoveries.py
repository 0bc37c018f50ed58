"""Requests for recovery, decided once and by another."""

from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.model import Person
from sidecar.core.recoveries import RecoveryId, RecoveryRequest, RecoveryStatus
from sidecar.storage.accounts import SqlAccounts
from sidecar.storage.client_tables import recovery_approvals, recovery_requests
from sidecar.storage.columns import of_person, person_values

_requests = recovery_requests.c
_DECISIONS: Final = (RecoveryStatus.APPROVED, RecoveryStatus.DENIED)


class SqlRecoveries:
    """Requests in `recovery_requests`, and who decided them in `recovery_approvals`."""

    def __init__(self, connection: AsyncConnection, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._accounts = accounts

    async def add(self, request: RecoveryRequest) -> None:
        """The request is pending; an earlier pending one of the person is superseded.

        The person's row is locked first, or two at once would not see one another.
        """
        await self._accounts.lock(request.person, request.created_at)
        pending = _requests.status == RecoveryStatus.PENDING
        await self._connection.execute(
            update(recovery_requests)
            .where(of_person(recovery_requests, request.person), pending)
            .values(status=RecoveryStatus.SUPERSEDED, decided_at=request.created_at)
        )
        await self._connection.execute(
            insert(recovery_requests).values(
                id=request.id,
                **person_values(request.person),
                reason=request.reason,
                requested_by=request.requested_by,
                created_at=request.created_at,
                expires_at=request.expires_at,
                status=RecoveryStatus.PENDING,
            )
        )

    async def get(self, which: RecoveryId) -> RecoveryRequest | None:
        query = select(recovery_requests).where(_requests.id == which)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return RecoveryRequest(
            id=RecoveryId(row.id),
            person=Person(row.realm, row.subject),
            reason=row.reason,
            requested_by=row.requested_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            status=RecoveryStatus(row.status),
            decided_at=row.decided_at,
        )

    async def decide(
        self, which: RecoveryId, status: RecoveryStatus, by: str, now: datetime
    ) -> bool:
        """Return whether it was pending, unexpired and another's, and is now decided by `by`."""
        if status not in _DECISIONS:
            raise ValueError(f"{status} is no decision")
        decided = await self._connection.execute(
            update(recovery_requests)
            .where(
                _requests.id == which,
                _requests.status == RecoveryStatus.PENDING,
                _requests.expires_at > now,
                _requests.requested_by != by,
            )
            .values(status=status, decided_at=now)
        )
        if decided.rowcount != 1:
            return False
        approved = status is RecoveryStatus.APPROVED
        await self._connection.execute(
            insert(recovery_approvals).values(request_id=which, by=by, approved=approved, at=now)
        )
        return True
