"""What the rows of sessions say, and how a session is read from one."""

import json
from datetime import UTC, datetime

from sqlalchemy import Row

from sidecar.core.model import (
    AuthenticatorId,
    Level,
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
    TokenHash,
)
from sidecar.storage.columns import person_values
from sidecar.storage.vault import canonical

AnyRow = Row[*tuple[object, ...]]


def columns_of(session: Session, token: TokenHash | None) -> dict[str, object]:
    """Return the row of a new session; None where its token is kept elsewhere."""
    return {
        "id": session.id,
        **person_values(session.person),
        "status": session.status,
        "token_hash": token,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "last_seen_at": session.last_seen_at,
        "proofs": written(session.proofs),
        "login": session.login,
        "epoch": session.epoch,
        "user_agent": session.user_agent,
        "address": session.address,
        "client": session.client,
    }


def with_proof(proofs: tuple[Proof, ...], proof: Proof) -> tuple[Proof, ...]:
    """Return the proofs with one more; of one authenticator the latest is kept."""
    source = (proof.factor, proof.authenticator_id)
    return (*(old for old in proofs if (old.factor, old.authenticator_id) != source), proof)


def session_of(row: AnyRow) -> Session:
    """Return the session as it is."""
    return _as_it_was(row, status=row.status, proofs=row.proofs, login=row.login)


def kept_as_it_is(row: AnyRow) -> str:
    """Return what the token before the next elevation answers with."""
    kept = {"status": row.status, "proofs": row.proofs, "login": row.login}
    return canonical(kept).decode()


def earlier_of(row: AnyRow) -> Session:
    """Return the session as it was before its last elevation."""
    return _as_it_was(row, **json.loads(row.previous))


def _as_it_was(row: AnyRow, *, status: str, proofs: str, login: str) -> Session:
    return Session(
        id=SessionId(row.id),
        person=Person(row.realm, row.subject),
        status=SessionStatus(status),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_seen_at=row.last_seen_at,
        proofs=proofs_of(proofs),
        login=login,
        epoch=row.epoch,
        user_agent=row.user_agent,
        address=row.address,
        client=row.client,
    )


def written(proofs: tuple[Proof, ...]) -> str:
    """Return the proofs as a row tells them."""
    return canonical(
        [
            [
                *(proof.factor, proof.authenticator_id, list(proof.amr), proof.at.isoformat()),
                int(proof.most),
            ]
            for proof in proofs
        ]
    ).decode()


def proofs_of(said: str) -> tuple[Proof, ...]:
    """Return the proofs that `written` told."""
    return tuple(
        Proof(
            factor,
            AuthenticatorId(which),
            tuple(amr),
            datetime.fromisoformat(at).astimezone(UTC),
            *map(Level, most),
        )
        for factor, which, amr, at, *most in json.loads(said)
    )
