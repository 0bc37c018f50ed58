"""A store that was restored is an old one: whatever its time forgot again is made void."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Update, and_, case, delete, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.outbox import PostStatus
from sidecar.core.recoveries import RecoveryStatus
from sidecar.storage.client_tables import api_tokens, idempotency_keys, recovery_requests
from sidecar.storage.tables import accounts, challenges, invitations, outbox

RESTORED: Final = "restored"
"""Why a message failed that was on its way when the backup was made."""

_WAITS: Final = (PostStatus.QUEUED, PostStatus.SENDING)


async def make_void(
    connection: AsyncConnection, now: datetime, *, tokens: bool
) -> Mapping[str, int]:
    """Return how much of each was open, and is void now; with `tokens`, those of the API too.

    Sessions, remembered browsers, feed and trail are others' to end and to write.
    """
    await connection.execute(_later_epoch(now))
    void: dict[str, int] = {}
    for name, change in _open(now):
        void[name] = (await connection.execute(change)).rowcount
    spent = and_(challenges.c.verified, challenges.c.spent_at.is_(None))
    await connection.execute(update(challenges).where(spent).values(spent_at=now))
    await connection.execute(_silent())
    answers = await connection.execute(delete(idempotency_keys))
    void["kept_answers"] = answers.rowcount
    if tokens:
        live = and_(api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now)
        revoked = update(api_tokens).where(live).values(revoked_at=now)
        void["api_tokens"] = (await connection.execute(revoked)).rowcount
    return void


def _later_epoch(now: datetime) -> Update:
    """Everybody's epoch is later than any that the time after the backup may have reached.

    Sessions of that time may live on elsewhere, in an epoch that was bumped more often than this
    store knows: so it goes to the minutes since 1970, which no count of sign-outs overtakes.
    """
    minutes = int(now.timestamp()) // 60
    following = accounts.c.epoch + 1
    return update(accounts).values(epoch=case((following > minutes, following), else_=minutes))


def _open(now: datetime) -> tuple[tuple[str, Update], ...]:
    """Return what somebody could still answer, redeem, approve or receive a second time."""
    begun = challenges.c.consumed_at.is_(None)
    unused = and_(invitations.c.redeemed_at.is_(None), invitations.c.voided_at.is_(None))
    pending = recovery_requests.c.status == RecoveryStatus.PENDING
    over = {"consumed_at": now, "verified": False, "prompt": None, "state": None}
    failed = {"status": PostStatus.FAILED, "failure": RESTORED, "settled_at": now}
    decided = {"status": RecoveryStatus.SUPERSEDED, "decided_at": now}
    return (
        ("challenges", update(challenges).where(begun).values(over)),
        ("invitations", update(invitations).where(unused).values(voided_at=now)),
        ("recoveries", update(recovery_requests).where(pending).values(decided)),
        ("messages", update(outbox).where(_waits()).values(failed)),
    )


def _waits() -> ColumnElement[bool]:
    return or_(*(outbox.c.status == status for status in _WAITS))


def _silent() -> Update:
    """No message says anything any more: what it said was sent, or is of no use."""
    return update(outbox).where(outbox.c.message.is_not(None)).values(message=None)
