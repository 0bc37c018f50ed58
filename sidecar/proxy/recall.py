"""The session behind a request's cookie, if it belongs to the person the request is from."""

from datetime import datetime

from sidecar.core import cookies
from sidecar.core.model import Identity, Session
from sidecar.flows.sessions import Sessions
from sidecar.proxy.arrival import Arrival


def at_hand(sessions: Sessions, arrival: Arrival, now: datetime) -> Session | None:
    """Return the session of the request's cookie from memory; None asks to `recall` it."""
    head = arrival.head
    if head.session is None:
        token = arrival.cookie(cookies.SESSION)
        head.session = sessions.hashed(token) if token else None
    return sessions.at_hand(head.session, now) if head.session is not None else None


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
    """The proofs of this browser's session are gone: the application signed it out."""
    token = arrival.cookie(cookies.SESSION)
    session = await sessions.recall(token) if token else None
    if session is not None and session.proofs:
        await sessions.drop_proofs(session)
