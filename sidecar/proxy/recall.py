"""The session behind a request's cookie, if it belongs to the person the request is from."""

from datetime import datetime

import structlog

from sidecar.core import cookies
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Identity, Session
from sidecar.flows.sessions import Sessions
from sidecar.proxy.arrival import Arrival

log = structlog.get_logger(__name__)


def at_hand(sessions: Sessions, arrival: Arrival, now: datetime) -> Session | None:
    """Return the session of the request's cookie from memory; None asks to `recall` it."""
    known = arrival.head.credentials
    if known.session is None:
        token = arrival.cookie(cookies.SESSION)
        known.session = sessions.hashed(token) if token else None
    return sessions.at_hand(known.session, now) if known.session is not None else None


def outlasting(sessions: Sessions, arrival: Arrival, now: datetime) -> Session | None:
    """Return the session that memory knew when the database was last heard of, if it lives."""
    token = arrival.cookie(cookies.SESSION)
    hashed = sessions.hashed(token) if token else None
    return sessions.outlasting(hashed, now) if hashed is not None else None


async def recall(sessions: Sessions, arrival: Arrival, identity: Identity | None) -> Session | None:
    """Return the session that counts for this request.

    A browser that turns out to be nobody, somebody else, or signed in anew loses the proofs of
    its session: they belong to one first-factor login. Another site's page cannot cause that.
    """
    token = arrival.cookie(cookies.SESSION)
    session = await sessions.recall(token) if token else None
    if session is None:
        return None
    if identity is not None and sessions.belongs(session, identity):
        return session
    if session.proofs and arrival.same_origin:
        await sessions.drop_proofs(session)
    return None


async def forget_login(sessions: Sessions, arrival: Arrival) -> None:
    """The proofs of this browser's session are gone: the application signed it out.

    Where that cannot be written, at least memory has none of them.
    """
    token = arrival.cookie(cookies.SESSION)
    try:
        session = await sessions.recall(token) if token else None
        if session is not None and session.proofs:
            await sessions.drop_proofs(session)
    except StoreUnavailable:
        if hashed := sessions.hashed(token):
            sessions.forget(hashed)
        raise


async def touch(sessions: Sessions, session: Session) -> None:
    """Idleness starts anew; while the store is down the session just grows older."""
    try:
        await sessions.touch(session)
    except StoreUnavailable:
        log.warning("session.untouched")
