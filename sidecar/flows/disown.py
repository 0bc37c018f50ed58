"""Whoever got a notice says "this wasn't me", and stops what it was about without signing in.

The link is the capability: only we can make it, and only an address of the person got it. It can
stop things and never start any; what was stopped goes on when an operator says so (NIST BINAE-10).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sidecar.core.errors import ChallengeGone, NotFound
from sidecar.core.model import (
    Authenticator,
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    Event,
    Person,
    Prompt,
    Purpose,
    SessionId,
)
from sidecar.core.outbox import PostId
from sidecar.core.stores import Transaction
from sidecar.core.volume import Bucket
from sidecar.flows.ending import end_sessions
from sidecar.flows.kit import Kit
from sidecar.flows.notices import Notices
from sidecar.flows.sessions import (
    Sessions,
)
from sidecar.flows.tokens import DISOWNED_WITHIN, hash_token

DISOWNED: Final = Bucket("authenticator.disown", 10, timedelta(hours=1))
_ACTION: Final = "authenticator.disown"
_NO_LINK: Final = "no such link"
ACTOR: Final = "link"
"""In the audit trail: somebody who reads the person's messages."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever opened the link; the messages that follow are for the person."""

    person: Person
    label: str
    language: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is about."""

    authenticator: Authenticator = field(repr=False)

    @property
    def stops(self) -> bool:
        """There is something left to stop, beside the sessions."""
        return self.authenticator.status is AuthenticatorStatus.ACTIVE


class Disowning:
    """Looks into links and does what they say."""

    def __init__(self, kit: Kit, sessions: Sessions, notices: Notices) -> None:
        self._kit = kit
        self._sessions = sessions
        self._notices = notices

    async def look(self, token: str) -> Opened:
        """Return what the link would stop; nothing is changed by looking.

        Raises:
            NotFound: it is not ours, too old, or about nothing: one answer for all.

        """
        async with self._kit.store.read() as tx:
            return await self._opened(tx, token)

    async def disown(self, token: str, *, language: str = "", request_id: str = "") -> Opened:
        """What the link is about is suspended, and nobody is signed in as the person any more.

        Where it was removed already, or stopped, only the sessions and open ceremonies end. A link
        works once: whoever kept one could otherwise sign the person out again and again.

        Raises:
            NotFound: the link is not ours, too old, used before, or about nothing.
            TooManyAttempts: such links of the person were used too often lately.

        """
        now = self._kit.clock()
        person = (await self.look(token)).authenticator.person
        await self._kit.limiter.take(DISOWNED, person.user_id)
        async with self._kit.store.begin(person) as tx:
            found = await self._opened(tx, token)
            about = found.authenticator
            await _use(tx, token, about, now)
            posts: tuple[PostId, ...] = ()
            if found.stops:
                await tx.authenticators.move(about, "suspend", now)
                reader = Holder(person, person.subject, language)
                posts = await self._notices.tell(
                    tx, reader, "factor_suspended", what=about.name, factor=about.factor
                )
            await tx.challenges.void(person, now)
            await end_sessions(tx, person, now)
            details: dict[str, str | int | bool] = {
                "factor": about.factor,
                "suspended": found.stops,
            }
            await tx.trail.append(
                Event(now, "authenticator.disowned", person, ACTOR, request_id, details)
            )
        await self._sessions.catch_up(person)
        await self._notices.send(posts)
        return found

    async def _opened(self, tx: Transaction, token: str) -> Opened:
        which = self._kit.tokens.read_disown(token, self._kit.clock())
        about = None if which is None else await tx.authenticators.find(which)
        if about is None:
            raise NotFound(_NO_LINK)
        return Opened(about)


async def _use(tx: Transaction, token: str, about: Authenticator, now: datetime) -> None:
    """The link is used up: an id is never given twice, and the row stays longer than the link.

    Raises:
        NotFound: it was used before.

    """
    row = Challenge(
        id=ChallengeId(hash_token(token)),
        person=about.person,
        session_id=SessionId(""),
        purpose=Purpose.ACTION,
        factor=about.factor,
        action=_ACTION,
        authenticator_id=about.id,
        prompt=Prompt(_ACTION),
        state=b"",
        created_at=now,
        expires_at=now + DISOWNED_WITHIN,
    )
    try:
        await tx.challenges.add(row)
    except ChallengeGone as used:
        raise NotFound(_NO_LINK) from used
    await tx.challenges.consume(row, now, verified=False)
