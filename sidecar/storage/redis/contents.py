"""What Redis keeps of one session: sealed to its place, and worth nothing without the database.

The row of a session names one stamp. Of all that lies in Redis under the session's id, be it old,
of a transaction that never ended, or put back by somebody, only what carries that stamp counts.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy import Row

from sidecar.core.errors import SealBroken
from sidecar.core.model import (
    Proof,
    Session,
    SessionStatus,
    TokenHash,
)
from sidecar.storage import session_rows
from sidecar.storage.session_rows import proofs_of, written
from sidecar.storage.vault import NOBODY, Place, Vault, canonical

AnyRow = Row[*tuple[object, ...]]

TABLE: Final = "sessions"
COLUMN: Final = "redis"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a token shows of its session."""

    status: SessionStatus
    proofs: tuple[Proof, ...] = ()
    login: str = ""


@dataclass(frozen=True, slots=True)
class Previous:
    """What the token before the last elevation shows, for as long as it does."""

    token: TokenHash
    until: datetime
    shown: Shown


@dataclass(frozen=True, slots=True)
class Contents:
    """Of one session, all that its row does not say."""

    token: TokenHash
    shown: Shown
    seen_at: datetime
    user_agent: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    previous: Previous | None = None


def contents_of(session: Session, token: TokenHash) -> Contents:
    """Return what is kept of a session that begins."""
    shown = Shown(session.status, session.proofs, session.login)
    return Contents(token, shown, session.last_seen_at, session.user_agent, session.address)


def session_of(row: AnyRow, contents: Contents, shown: Shown | None = None) -> Session:
    """Return the session as its token shows it, or as another one does."""
    seen = shown or contents.shown
    return replace(
        session_rows.session_of(row),
        status=seen.status,
        last_seen_at=contents.seen_at,
        proofs=seen.proofs,
        login=seen.login,
        user_agent=contents.user_agent,
        address=contents.address,
    )


def replaced(contents: Contents, shown: Shown, token: TokenHash, until: datetime) -> Contents:
    """Return the contents under a new token, with what the one before shows until then."""
    previous = Previous(contents.token, until, contents.shown)
    return replace(contents, token=token, shown=shown, previous=previous)


def seal(vault: Vault, which: str, stamp: str, contents: Contents) -> str:
    """Return the contents, sealed to this session and stamp."""
    previous = contents.previous
    said = {
        "token": contents.token,
        "shown": _said(contents.shown),
        "seen_at": contents.seen_at.isoformat(),
        "user_agent": contents.user_agent,
        "address": contents.address,
        "previous": previous
        and [previous.token, previous.until.isoformat(), _said(previous.shown)],
    }
    return vault.seal(canonical(said), _place(which, stamp))


def unseal(vault: Vault, which: str, stamp: str, sealed: object) -> Contents | None:
    """Return what was sealed to this session and stamp; None for anything else."""
    if not isinstance(sealed, bytes):
        return None
    try:
        said = json.loads(vault.unseal(sealed.decode("ascii"), _place(which, stamp)))
    except (SealBroken, UnicodeDecodeError) as error:
        log.warning("session.unreadable", session=which, error=str(error))
        return None
    previous = said["previous"]
    return Contents(
        TokenHash(said["token"]),
        _shown(said["shown"]),
        _moment(said["seen_at"]),
        said["user_agent"],
        said["address"],
        previous and Previous(TokenHash(previous[0]), _moment(previous[1]), _shown(previous[2])),
    )


def _place(which: str, stamp: str) -> Place:
    return Place(NOBODY, TABLE, COLUMN, f"{which}:{stamp}")


def _said(shown: Shown) -> list[str]:
    return [shown.status, written(shown.proofs), shown.login]


def _shown(said: list[str]) -> Shown:
    status, proofs, login = said
    return Shown(SessionStatus(status), proofs_of(proofs), login)


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(UTC)
