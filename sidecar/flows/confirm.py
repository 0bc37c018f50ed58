"""Before a first enrollment: a code to an address that the identity source states.

Whoever only knows the password does not read it, so a right answer stands for an invitation.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    DeliveryFailed,
    InvitationNeeded,
    ResponseRejected,
)
from sidecar.core.guessing import Claim
from sidecar.core.masking import masked
from sidecar.core.message_codes import MessageCodes, Sent
from sidecar.core.messages import Contact, Message
from sidecar.core.model import Challenge, ChallengeId, Prompt, Purpose, Rejected, Response
from sidecar.core.outbox import STATED
from sidecar.core.protocols import Context
from sidecar.flows.admission import CONFIRMING, Admission
from sidecar.flows.challenge import bounded
from sidecar.flows.deliver import Deliveries, used
from sidecar.flows.kit import CHALLENGES_BEGUN, Kit, counted_under, new_id
from sidecar.flows.record import act
from sidecar.flows.stated import stated
from sidecar.flows.visit import Visit

COUNTED: Final = f"{CONFIRMING}:confirm"
"""The name under which tries are counted: no factor has a colon in its own, so that guessing here
can disable none."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An address that a code can be sent to; never shown whole."""

    contact: Contact = field(repr=False)

    @property
    def masked(self) -> str:
        """What its owner knows it by, and nobody else can write to."""
        return masked(self.contact.channel, self.contact.to)


class Confirmations:
    """Sends the code, and takes it."""

    def __init__(self, kit: Kit, deliveries: Deliveries) -> None:
        self._kit = kit
        self._deliveries = deliveries
        self._admission = Admission(kit)
        self._codes = MessageCodes(kit.tokens.codes)

    def targets(self, visit: Visit) -> tuple[Stated, ...]:
        """Return where a code can go; nothing where the configuration confirms nobody."""
        if self._kit.first.mode != "confirmed":
            return ()
        contacts = stated(visit.identity.claims)
        return tuple(Stated(contact) for contact in contacts if self._reaches(contact))

    def _reaches(self, contact: Contact) -> bool:
        channels = [transport.traits.channels for transport in self._kit.transports.values()]
        try:
            self._kit.budgets.region(contact)
        except DeliveryFailed:
            return False
        return any(contact.channel in carried for carried in channels)

    async def begin(self, visit: Visit, channel: str = "") -> Challenge:
        """A code is on its way to the stated address of this channel, or to the first there is.

        Raises:
            InvitationNeeded: no code can be sent to an address that is stated.
            Conflict: the person has enrolled.
            RecoveryNeeded: the person once had a factor and has none usable now.
            TooManyAttempts: too many were begun lately, or too many messages sent.
            DeliveryFailed: the code reached nobody; the challenge that it names stays open.

        """
        session = visit.require_session()
        await self._kit.limiter.take(CHALLENGES_BEGUN, counted_under(visit))
        await self._require_newcomer(visit)
        fitting = [one for one in self.targets(visit) if channel in ("", one.contact.channel)]
        if not fitting:
            message = "no address is stated that a code can be sent to"
            raise InvitationNeeded(message)
        now, which, target = self._kit.clock(), ChallengeId(new_id()), fitting[0]
        context = Context(visit.person, visit.label, now, which)
        contact = target.contact
        state, code = self._codes.begin(context, contact.to, about=contact.channel)
        challenge = Challenge(
            id=which,
            person=visit.person,
            session_id=session.id,
            purpose=Purpose.CONFIRM,
            factor="",
            action=CONFIRMING,
            authenticator_id=None,
            prompt=self._prompt(target),
            state=state,
            created_at=now,
            expires_at=now + self._codes.life,
        )
        values = {"code": code, "minutes": str(self._codes.minutes), "host": self._host}
        sent = Message(contact.channel, "confirm_person", contact.to, values)
        await self._deliveries.open(visit, challenge, (sent,))
        return challenge

    async def show(self, visit: Visit, which: ChallengeId) -> Challenge:
        """Return an open confirmation of this visit, to be shown again.

        Raises:
            ChallengeGone: it is not open, or not of this person and session.

        """
        session, now = visit.require_session(), self._kit.clock()
        async with self._kit.store.read() as tx:
            return _confirming(await tx.challenges.get(which, visit.person, session.id, now))

    async def answer(self, visit: Visit, which: ChallengeId, response: Response) -> None:
        """The person may set up a first factor, once, within minutes and in this session.

        Raises:
            ChallengeGone: not open, not of this person and session, or the address changed.
            TooManyAttempts: nothing was checked.
            ResponseRejected: wrong; the try stays counted.
            Conflict: the person has enrolled meanwhile.
            RecoveryNeeded: the person once had a factor and has none usable now.

        """
        session, now = visit.require_session(), self._kit.clock()
        bounded(response)
        async with self._kit.store.begin(visit.person) as tx:
            challenge = _confirming(await tx.challenges.get(which, visit.person, session.id, now))
            claim = await tx.attempts.claim(
                *(visit.person, COUNTED),
                known=visit.known,
                challenge=which,
                now=now,
                lasting=False,
            )
        context = Context(visit.person, visit.label, now, which)
        outcome = self._codes.judge(context, challenge.state, response.get("code", ""))
        if isinstance(outcome, Rejected):
            await self._refuse(visit, claim, outcome.reason)
            raise ResponseRejected(outcome.reason)
        await self._accept(visit, challenge, claim, outcome)

    # -- outcomes ------------------------------------------------------------------------------

    async def _accept(self, visit: Visit, challenge: Challenge, claim: Claim, sent: Sent) -> None:
        now, contact = self._kit.clock(), Contact(sent.about, sent.to)
        if contact not in {one.contact for one in self.targets(visit)}:
            # Whoever changes the address in the application must not confirm the old one, nor
            # whoever reads the old one the person that has a new one.
            async with self._kit.store.begin(visit.person) as tx:
                await tx.challenges.consume(challenge, now, verified=False)
            message = "the address is not stated any more"
            raise ChallengeGone(message)
        await self._require_newcomer(visit)
        async with self._kit.store.begin(visit.person) as tx:
            await tx.challenges.consume(challenge, now, verified=True)
            await used(tx, challenge.id, now)
            await tx.attempts.settle(claim, verified=True, now=now)
            await tx.contacts.record(visit.person, contact, origin=STATED, verified=True, now=now)
            await tx.trail.append(act(visit, "person.confirmed", now, channel=contact.channel))

    async def _refuse(self, visit: Visit, claim: Claim, reason: str) -> None:
        now = self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            await tx.attempts.settle(claim, verified=False, now=now)
            await tx.trail.append(act(visit, "person.not_confirmed", now, reason=reason))

    async def _require_newcomer(self, visit: Visit) -> None:
        async with self._kit.store.read() as tx:
            if not await self._admission.is_first(tx, visit):
                message = "has enrolled already"
                raise Conflict(message)

    # -- words ---------------------------------------------------------------------------------

    def _prompt(self, target: Stated) -> Prompt:
        data = {"channel": target.contact.channel, "to": target.masked, "host": self._host}
        return Prompt("message_code", {**data, "digits": self._codes.digits})

    @property
    def _host(self) -> str:
        return urlsplit(self._kit.home).hostname or ""


def _confirming(challenge: Challenge) -> Challenge:
    """Return the challenge; an object of one purpose is never accepted for another."""
    if challenge.purpose is not Purpose.CONFIRM:
        message = "not a confirmation of a person"
        raise ChallengeGone(message)
    return challenge
