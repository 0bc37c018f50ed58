"""A person has a browser remembered; it is recognised where no fresh proof is asked for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sidecar.core.assurance import Requirement, satisfies, worth
from sidecar.core.errors import ChallengeGone, NotFound, StepUpRequired
from sidecar.core.model import REMEMBERED, AuthenticatorId, Level, Proof
from sidecar.core.outbox import PostId
from sidecar.core.stores import Transaction
from sidecar.core.trusted import Rotation, SeriesId, TrustedBrowser, Turn
from sidecar.flows.ending import end_recognised, end_remembered
from sidecar.flows.kit import ACTION_PROOF_LIFE, SESSIONS_OPENED, Entered, Kit, counted_under
from sidecar.flows.notices import Notices
from sidecar.flows.record import act
from sidecar.flows.sessions import (
    Sessions,
)
from sidecar.flows.tokens import TrustedToken
from sidecar.flows.visit import Visit, coarse


@dataclass(frozen=True, slots=True)
class Carried:
    """What the browser has to carry from now on, and for how long."""

    token: str = field(repr=False)
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Recognised:
    """The session holds what the browser is remembered for."""

    entered: Entered
    carried: Carried | None
    """None: what it carries is current; another tab got it."""
    anew: bool = False
    """What it should have carried was lost, and sessions that began with that are over."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What the browser carries is of no use any more."""

    told: tuple[PostId, ...] = ()
    """Notices to send, where it was stolen."""


class Browsers:
    """Remembers browsers, recognises them and forgets them."""

    def __init__(self, kit: Kit, sessions: Sessions, notices: Notices) -> None:
        self._kit = kit
        self._sessions = sessions
        self._notices = notices

    def offered(self, factor: str) -> timedelta | None:
        """Return for how long a browser may be remembered after a proof of this factor, if at all.

        Spare codes are for who lost the rest, and what is worth no second factor stands for none.
        """
        rules, plugin = self._kit.remembering, self._kit.factors.get(factor)
        if plugin is None or plugin.traits.stands_in or factor in rules.not_after:
            return None
        enough = self._kit.levels[factor] >= Level.TWO_FACTOR
        return rules.lifetime if rules.lifetime and enough else None

    def current(self, visit: Visit) -> SeriesId | None:
        """Return which remembered browser this one says to be."""
        token = self._kit.tokens.read_trusted(visit.trusted, visit.person)
        return None if token is None else token.series_id

    # -- remembering ---------------------------------------------------------------------------

    async def remember(self, visit: Visit) -> Carried | None:
        """This browser is remembered for the proof that was just given; None: it must not be.

        Not in a session that is over either: what ended it (a reset, signing out everywhere) ended
        every remembered browser, and one that came after would outlive it.

        Raises:
            StepUpRequired: no factor was proven in this session lately.

        """
        now, proof = self._kit.clock(), self._just_given(visit)
        factor, lasts = proof.factor, self.offered(proof.factor)
        if lasts is None or worth(proof, self._kit.levels) < Level.TWO_FACTOR:
            return None
        token = self._kit.tokens.mint_trusted(visit.person)
        browser = TrustedBrowser(
            id=token.series_id,
            person=visit.person,
            factor=factor,
            proven_at=proof.at,
            created_at=now,
            expires_at=proof.at + lasts,
            last_used_at=now,
            user_agent=visit.user_agent[:200],
            address=coarse(visit.address),
        )
        async with self._kit.store.begin(visit.person) as tx:
            if not await _goes_on(tx, visit, now):
                return None
            before = self.current(visit)
            if before is not None:
                await tx.trusted.end(visit.person, before, now)
            await tx.trusted.add(browser, token.counter_hash)
            await tx.trail.append(act(visit, "browser.remembered", now, factor=factor))
        return Carried(token.text, browser.expires_at - now)

    def _just_given(self, visit: Visit) -> Proof:
        given = [proof for proof in visit.require_proof().proofs if not proof.remembered]
        latest = max(given, key=lambda proof: proof.at)
        if self._kit.clock() - latest.at > ACTION_PROOF_LIFE:
            message = "nothing was just proven to remember the browser for"
            raise StepUpRequired(message)
        return latest

    # -- recognising ---------------------------------------------------------------------------

    async def recognise(
        self, visit: Visit, needs: tuple[Requirement, ...]
    ) -> Recognised | Forgotten | None:
        """The session of a remembered browser satisfies the needs; None: it could not, so ask.

        Raises:
            TooManyAttempts: the person opened too many sessions within the hour.

        """
        token = self._kit.tokens.read_trusted(visit.trusted, visit.person)
        if token is None or not self._would_do(needs):
            return None
        if visit.session is None:
            await self._kit.limiter.take(SESSIONS_OPENED, counted_under(visit))
        try:
            async with self._kit.store.begin(visit.person) as tx:
                found = await self._offer(tx, visit, token)
        except ChallengeGone:  # the session ended meanwhile, and nothing was taken
            return None
        if isinstance(found, Recognised):
            self._sessions.forget(found.entered.session.id)
            if found.anew:
                await self._sessions.catch_up(visit.person)
            return found
        await self._sessions.catch_up(visit.person)
        await self._notices.send(found.told)
        return found

    def _would_do(self, needs: tuple[Requirement, ...]) -> bool:
        """Tell whether a remembered browser is enough; else its token is not even looked at."""
        now, levels = self._kit.clock(), self._kit.levels
        proof = Proof(REMEMBERED, AuthenticatorId(""), (), now, Level.TWO_FACTOR)
        return all(satisfies((proof,), need, levels, now) for need in needs)

    async def _offer(
        self, tx: Transaction, visit: Visit, token: TrustedToken
    ) -> Recognised | Forgotten:
        """Take the token and give the next one, in one transaction with the session it opens."""
        now, person = self._kit.clock(), visit.person
        fresh = self._kit.tokens.mint_trusted(person, token.series)
        series, counter = token.series_id, token.counter_hash
        rotation = await tx.trusted.rotate(
            person, series, counter, fresh=fresh.counter_hash, now=now
        )
        if rotation.turn is Turn.OLDER:
            return Forgotten(await self._stolen(tx, visit, now))
        if rotation.turn is Turn.LOST:
            # Nobody was seen in the session of the token that was lost; whoever has it is a thief.
            await end_recognised(tx, person, now, series, levels=self._kit.levels)
        browser = await self._counted(tx, rotation, now)
        if browser is None:
            return Forgotten()
        entered = await self._sessions.enter(tx, visit, browser.proof(), now)
        await tx.trail.append(act(visit, "browser.recognised", now, factor=browser.factor))
        taken = rotation.turn in {Turn.TAKEN, Turn.LOST}
        carried = Carried(fresh.text, browser.expires_at - now) if taken else None
        return Recognised(entered, carried, anew=rotation.turn is Turn.LOST)

    async def _counted(
        self, tx: Transaction, rotation: Rotation, now: datetime
    ) -> TrustedBrowser | None:
        """Return the browser if the configuration would remember it still; else it is ended."""
        browser = rotation.browser
        if browser is None:
            return None
        lasts = self.offered(browser.factor)
        if lasts is None or now >= browser.proven_at + lasts:
            await tx.trusted.end(browser.person, browser.id, now)
            return None
        return browser

    async def _stolen(self, tx: Transaction, visit: Visit, now: datetime) -> tuple[PostId, ...]:
        """Nobody can tell which of two browsers is the person's; return the notices of that."""
        await end_remembered(tx, visit.person, now, levels=self._kit.levels)
        await tx.trail.append(act(visit, "browser.stolen", now))
        return await self._notices.tell(tx, visit, "browser_theft")

    # -- looking and forgetting ----------------------------------------------------------------

    async def of(self, visit: Visit) -> tuple[TrustedBrowser, ...]:
        """Return the person's remembered browsers, last used first.

        Raises:
            StepUpRequired: no factor was proven; they are for the owner to see.

        """
        visit.require_proof()
        async with self._kit.store.read() as tx:
            return await tx.trusted.of(visit.person, self._kit.clock())

    async def forget(self, visit: Visit, which: SeriesId | None) -> None:
        """One browser of the person, or all, are remembered no longer; takes no proof.

        Raises:
            NotFound: the person has no such browser.

        """
        visit.require_session()
        now = self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            levels = self._kit.levels
            ended = await end_remembered(tx, visit.person, now, which, levels=levels)
            if not ended and which is not None:
                message = "no such browser"
                raise NotFound(message)
            await tx.trail.append(act(visit, "browser.forgotten", now, everywhere=which is None))
        await self._sessions.catch_up(visit.person)


async def _goes_on(tx: Transaction, visit: Visit, now: datetime) -> bool:
    """Tell whether the session of the visit still is, and has proofs of its own."""
    which = visit.require_session().id
    return any(one.id == which and one.proven for one in await tx.sessions.of(visit.person, now))
