"""A program acts for a person, in a session that no cookie opens: so the flows of the pages serve.

What one program has begun and seen proven is there for no other, and for no browser.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sidecar.core.clients import ApiClient
from sidecar.core.errors import ChallengeGone
from sidecar.core.model import (
    Claims,
    Identity,
    Person,
    Session,
    SessionId,
    SessionStatus,
    TokenHash,
)
from sidecar.core.stores import Transaction
from sidecar.flows.kit import Kit
from sidecar.flows.tokens import hash_token
from sidecar.flows.visit import Visit

COUNTS_FOR: Final = timedelta(hours=1)
"""How long a proof that the program saw is one of its session: an enrollment of several steps that
was begun with it can be finished, and what was proven yesterday decides nothing today."""

_LIFE: Final = 2 * COUNTS_FOR
_SOURCE: Final = "api"
_ID_CHARS: Final = 48


@dataclass(frozen=True, slots=True)
class Errand:
    """What a call asks to be done: by which program, and for whom."""

    client: ApiClient
    person: Person
    request_id: str
    account: str = ""
    """How the person is called in apps and messages; empty: by their subject."""
    language: str = ""
    """What messages are written in, as far as there are words in it."""


class Behalf:
    """Knows the session in which a program acts for a person."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def visit(self, errand: Errand) -> Visit:
        """Return the program's visit, whose session outlives any ceremony that begins now."""
        now = self._kit.clock()
        async with self._kit.store.glance() as tx:
            session = await self._found(tx, errand)
        if session is None or session.expires_at < now + COUNTS_FOR:
            async with self._kit.store.begin(errand.person) as tx:
                session = await tx.sessions.enter(self._anew(errand), self._nobodys())
        return self._in(errand, session)

    async def going_on(self, errand: Errand) -> Visit:
        """Return the same where the program has begun something; nothing is written.

        Raises:
            ChallengeGone: it has not, or all of it is over.

        """
        async with self._kit.store.glance() as tx:
            session = await self._found(tx, errand)
        if session is None:
            message = "the program has begun nothing with this person"
            raise ChallengeGone(message)
        return self._in(errand, session)

    async def _found(self, tx: Transaction, errand: Errand) -> Session | None:
        wanted = session_of(errand.client, errand.person)
        live = await tx.sessions.of(errand.person, self._kit.clock())
        return next((one for one in live if one.id == wanted), None)

    def _anew(self, errand: Errand) -> Session:
        now = self._kit.clock()
        return Session(
            id=session_of(errand.client, errand.person),
            person=errand.person,
            status=SessionStatus.PENDING,
            created_at=now,
            expires_at=now + _LIFE,
            last_seen_at=now,
            client=errand.client.id,
        )

    def _nobodys(self) -> TokenHash:
        """Return the hash of a token that is given to nobody: every session has one."""
        return hash_token(self._kit.tokens.mint_session())

    def _in(self, errand: Errand, session: Session) -> Visit:
        now = self._kit.clock()
        proofs = tuple(proof for proof in session.proofs if now - proof.at <= COUNTS_FOR)
        identity = Identity(errand.person, _SOURCE, Claims(name=errand.account))
        return Visit(
            identity,
            replace(session, proofs=proofs),
            errand.request_id,
            language=errand.language,
            client=errand.client,
        )


def session_of(client: ApiClient, person: Person) -> SessionId:
    """Return the id of the session in which the program acts for the person: always the same."""
    parts = (part.encode() for part in (client.id, person.realm, person.subject))
    said = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return SessionId(f"api-{hashlib.sha256(said).hexdigest()[:_ID_CHARS]}")
