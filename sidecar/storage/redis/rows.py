"""The rows of sessions whose contents Redis keeps: whose, until when, and which contents count."""

import secrets
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, not_

from sidecar.core.model import Session, SessionStatus
from sidecar.storage import session_rows
from sidecar.storage.columns import of_whom
from sidecar.storage.sessions import NO_PREVIOUS, live
from sidecar.storage.tables import sessions
from sidecar.storage.written import Written

Query = Select[*tuple[object, ...]]

_KEPT_THERE: Final = live().where(sessions.c.stamp.is_not(None))
"""Those of the sessions that go on `now` whose contents Redis keeps."""

_BY_ID: Final = _KEPT_THERE.where(sessions.c.id == bindparam("which"))
FOUND: Final = Written(_BY_ID)
HELD: Final = Written(_BY_ID.with_for_update(of=sessions))
"""The same; nobody else changes it until the transaction ends."""
OF_PERSON: Final = Written(_KEPT_THERE.where(of_whom(sessions)))


def new_stamp() -> str:
    """Return a word that was never said before, and that nobody guesses."""
    return secrets.token_hex(16)


def going_on(session: str) -> ColumnElement[bool]:
    ended = sessions.c.status == SessionStatus.ENDED
    return and_(sessions.c.id == session, not_(ended), sessions.c.stamp.is_not(None))


def stamped(stamp: str | None) -> ColumnElement[bool]:
    return sessions.c.stamp.is_(None) if stamp is None else sessions.c.stamp == stamp


def columns_of(session: Session, stamp: str) -> dict[str, object]:
    """Return the row of a session whose contents are elsewhere."""
    bare = replace(session, proofs=(), login="", user_agent="", address="")
    return {**session_rows.columns_of(bare, None), **NO_PREVIOUS, "stamp": stamp}
