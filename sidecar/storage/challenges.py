"""Open ceremonies: prompt and state sealed to their row, consumed once."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Row, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.assurance import CLOCK_SKEW
from sidecar.core.errors import ChallengeGone, SealBroken
from sidecar.core.model import (
    AuthenticatorId,
    Challenge,
    ChallengeId,
    Person,
    Prompt,
    PromptValue,
    Purpose,
    SessionId,
)
from sidecar.storage.columns import Utc, of_person, of_whom, person_values, whom
from sidecar.storage.dialects import inserting
from sidecar.storage.tables import challenges
from sidecar.storage.vault import Place, Vault, canonical
from sidecar.storage.written import Written

OPEN_PER_SESSION = 10
"""More tabs than a person uses at once; the oldest open ceremony of the session gives way."""

_WIPED: Mapping[str, None] = {"prompt": None, "state": None}
"""A used-up ceremony keeps no secret: an enrollment's prompt and state hold the new one."""
_COLUMNS: Final = tuple(
    column.name for column in challenges.c if column.name not in {"consumed_at", "spent_at"}
)
_MINE: Final = and_(of_whom(challenges), challenges.c.session_id == bindparam("of_session"))
_STILL: Final = and_(
    challenges.c.consumed_at.is_(None),
    challenges.c.expires_at > bindparam("now", type_=Utc()),
)
_THIS: Final = challenges.c.id == bindparam("which")
_ADDED: Final = Written(
    lambda dialect: inserting(dialect, challenges).on_conflict_do_nothing(), sets=_COLUMNS
)
_ONE: Final = Written(select(challenges).where(_MINE, _THIS, _STILL))
_CONSUMED: Final = Written(
    update(challenges).where(_MINE, _THIS, _STILL),
    sets=("consumed_at", "verified", *_WIPED),
)
_SURPLUS: Final = Written(
    select(challenges.c.id)
    .where(_MINE, _STILL)
    .order_by(challenges.c.created_at.desc(), challenges.c.id)
    .offset(OPEN_PER_SESSION - 1)
)


class SqlChallenges:
    """Challenges in `two_factor_challenges`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, challenge: Challenge) -> None:
        """The ceremony is open.

        The primary key makes an id single-use: a challenge that a page carried becomes a row only
        with its first answer.

        Raises:
            ChallengeGone: there was one of this id before, open or not.

        """
        await self._make_room(challenge)
        prompt = canonical({"kind": challenge.prompt.kind, "data": dict(challenge.prompt.data)})
        row = {
            "id": challenge.id,
            **person_values(challenge.person),
            "session_id": challenge.session_id,
            "purpose": challenge.purpose,
            "factor": challenge.factor,
            "action": challenge.action,
            "authenticator_id": challenge.authenticator_id,
            "prompt": self._sealed(challenge, "prompt", prompt),
            "state": self._sealed(challenge, "state", challenge.state),
            "created_at": challenge.created_at,
            "expires_at": challenge.expires_at,
            "verified": False,
        }
        if (await _ADDED.on(self._connection, row)).number != 1:
            message = "answered before"
            raise ChallengeGone(message)

    async def get(
        self, which: ChallengeId, person: Person, session: SessionId, now: datetime
    ) -> Challenge:
        """Return an open challenge of this person and session.

        Raises:
            ChallengeGone: expired, consumed, another's, unreadable, or never there.

        """
        wanted = {"which": which, **_in(person, session), "now": now}
        row = (await _ONE.on(self._connection, wanted)).one_or_none()
        if row is None:
            raise ChallengeGone
        try:
            return self._challenge(row)
        except SealBroken as error:
            raise ChallengeGone(str(error)) from error

    async def begun(
        self, person: Person, session: SessionId, factor: str, now: datetime
    ) -> tuple[Challenge, ...]:
        """Return the open challenges of this factor and session, newest first."""
        wanted = and_(_of_session(person, session), challenges.c.factor == factor, _open(now))
        query = (
            select(challenges)
            .where(wanted)
            .order_by(challenges.c.created_at.desc(), challenges.c.id)
        )
        found = []
        for row in await self._connection.execute(query):
            with suppress(SealBroken):
                found.append(self._challenge(row))
        return tuple(found)

    async def consume(self, challenge: Challenge, now: datetime, *, verified: bool) -> None:
        """The challenge is used up, by one statement; `verified` leaves a proof of its action.

        Raises:
            ChallengeGone: somebody else consumed it first, or it expired.

        """
        wanted = {**_in(challenge.person, challenge.session_id), "which": challenge.id, "now": now}
        changed = {"consumed_at": now, "verified": verified, **_WIPED}
        if (await _CONSUMED.on(self._connection, {**wanted, **changed})).number != 1:
            raise ChallengeGone

    async def proven(
        self, person: Person, session: SessionId, action: str, *, since: datetime, now: datetime
    ) -> bool:
        """Return whether a proof of this action, verified since, is there to be spent."""
        proof = and_(_of_session(person, session), _proof(action, since, now))
        found = await self._connection.execute(select(challenges.c.id).where(proof).limit(1))
        return bool(action) and found.first() is not None

    async def spend(
        self, person: Person, session: SessionId, action: str, *, since: datetime, now: datetime
    ) -> bool:
        """Return whether a proof of this action, verified since, was there and is now spent."""
        if not action:
            return False
        proof = and_(_of_session(person, session), _proof(action, since, now))
        oldest = select(challenges.c.id).where(proof).order_by(challenges.c.consumed_at).limit(1)
        spent = await self._connection.execute(
            update(challenges)
            .where(challenges.c.id == oldest.scalar_subquery(), challenges.c.spent_at.is_(None))
            .values(spent_at=now)
        )
        return spent.rowcount == 1

    async def void(self, person: Person, now: datetime) -> None:
        """No challenge of the person is open any more, and no action proof is left."""
        theirs = of_person(challenges, person)
        await self._connection.execute(
            update(challenges)
            .where(theirs, challenges.c.consumed_at.is_(None))
            .values(consumed_at=now, verified=False, **_WIPED)
        )
        await self._connection.execute(
            update(challenges)
            .where(theirs, challenges.c.verified, challenges.c.spent_at.is_(None))
            .values(spent_at=now)
        )

    async def _make_room(self, challenge: Challenge) -> None:
        """Void the oldest open challenges of the session beyond what it may have.

        Counted per session: a stranger with the password must not push out what the person
        has open elsewhere.
        """
        now, session = challenge.created_at, _in(challenge.person, challenge.session_id)
        found = await _SURPLUS.on(self._connection, {**session, "now": now})
        surplus = [row.id for row in found.rows]
        if surplus:
            await self._connection.execute(
                update(challenges)
                .where(challenges.c.id.in_(surplus))
                .values(consumed_at=now, verified=False, **_WIPED)
            )

    def _sealed(self, challenge: Challenge, column: str, value: bytes) -> str:
        return self._vault.seal(value, _place(challenge.person, challenge.id, column))

    def _challenge(self, row: Row[*tuple[object, ...]]) -> Challenge:
        person = Person(row.realm, row.subject)
        return Challenge(
            id=ChallengeId(row.id),
            person=person,
            session_id=SessionId(row.session_id),
            purpose=Purpose(row.purpose),
            factor=row.factor,
            action=row.action,
            authenticator_id=row.authenticator_id and AuthenticatorId(row.authenticator_id),
            prompt=_prompt(self._vault.unseal(row.prompt, _place(person, row.id, "prompt"))),
            state=self._vault.unseal(row.state, _place(person, row.id, "state")),
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


def _in(person: Person, session: SessionId) -> dict[str, str]:
    """Return the values of what is in this session of the person."""
    return {**whom(person), "of_session": session}


def _of_session(person: Person, session: SessionId) -> ColumnElement[bool]:
    return and_(of_person(challenges, person), challenges.c.session_id == session)


def _proof(action: str, since: datetime, now: datetime) -> ColumnElement[bool]:
    return and_(
        challenges.c.action == action,
        challenges.c.verified,
        challenges.c.consumed_at.between(since, now + CLOCK_SKEW),
        challenges.c.spent_at.is_(None),
    )


def _open(now: datetime) -> ColumnElement[bool]:
    return and_(challenges.c.consumed_at.is_(None), challenges.c.expires_at > now)


def _place(person: Person, row: str, column: str) -> Place:
    return Place(person, "two_factor_challenges", column, row)


def _prompt(encoded: bytes) -> Prompt:
    content = json.loads(encoded)
    return Prompt(content["kind"], {name: _value(value) for name, value in content["data"].items()})


def _value(value: str | int | list[str]) -> PromptValue:
    return tuple(value) if isinstance(value, list) else value
