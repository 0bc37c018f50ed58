"""A program asks for a proof of a person: by which factor, what for, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sidecar.core.api_errors import InputFault, InputInvalid
from sidecar.core.assurance import Assurance, assess
from sidecar.core.errors import ChallengeGone, NotFound
from sidecar.core.masking import masked
from sidecar.core.model import AuthenticatorId, Challenge, ChallengeId, Person, Proof, Response
from sidecar.flows.admission import adding
from sidecar.flows.behalf import Behalf, Errand
from sidecar.flows.challenge import Challenges
from sidecar.flows.deliver import Deliveries
from sidecar.flows.kit import Kit
from sidecar.flows.portfolio import portfolio_in

RESERVED: Final = ("authenticator.", "enrollment.")
"""How actions begin by which people change what they have set up; a proof of one is spent on it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be proven with, and what for; what is empty is for the sidecar to choose."""

    factor: str = ""
    authenticator: AuthenticatorId | None = None
    action: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An open step, and how its message went out where there is one."""

    challenge: Challenge
    sent_to: str = ""
    """Masked."""
    again_at: datetime | None = None
    """When the message can be sent once more; None: no more, or there is none."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a right answer is worth by itself, whatever else was proven before."""

    challenge: ChallengeId
    proof: Proof
    assurance: Assurance
    action: str


class Requested:
    """Challenges on behalf of people."""

    def __init__(
        self, kit: Kit, behalf: Behalf, challenges: Challenges, deliveries: Deliveries
    ) -> None:
        self._kit = kit
        self._behalf = behalf
        self._challenges = challenges
        self._deliveries = deliveries

    async def begin(self, errand: Errand, wish: Wish) -> Asked:
        """A challenge is open that this program alone can have answered.

        Raises:
            InputInvalid: the action is reserved for something that is not there.
            NotFound: the person has nothing of the kind that could be used, or is not known.
            TooManyAttempts: too many were begun lately, or too many messages sent.
            DeliveryFailed: the code reached nobody; the challenge that it names stays open.

        """
        self._require_sound(wish.action)
        # Before anything is written, so that people nobody knows leave no trace.
        factor = await self._factor(errand.person, wish)
        visit = await self._behalf.visit(errand)
        challenge = await self._challenges.begin(
            visit, factor, action=wish.action, chosen=wish.authenticator
        )
        return await asked(self._deliveries, self._kit, challenge)

    async def again(self, errand: Errand, which: ChallengeId) -> Asked:
        """The message of an open challenge went out once more.

        Raises:
            ChallengeGone: it is not open, was sent nowhere, or another program began it.
            TooManyAttempts: it is too early, or too often.
            DeliveryFailed: it did not get through.

        """
        visit = await self._behalf.going_on(errand)
        challenge = await self._challenges.show(visit, which)
        await self._deliveries.again(visit, challenge)
        return await asked(self._deliveries, self._kit, challenge)

    async def answer(self, errand: Errand, which: ChallengeId, response: Response) -> Proven:
        """The answer was right, and the challenge is used up.

        Raises:
            ChallengeGone: it is not open, another program began it, or nothing can answer it now.
            TooManyAttempts: nothing was checked.
            ResponseRejected: wrong; the try stays counted.

        """
        visit = await self._behalf.going_on(errand)
        try:
            entered = await self._challenges.answer(visit, which, response)
        except NotFound as gone:
            raise ChallengeGone(str(gone)) from gone
        if entered.proof is None:
            message = "a challenge was answered without a proof"
            raise RuntimeError(message)
        assurance = assess((entered.proof,), self._kit.levels, self._kit.clock())
        return Proven(which, entered.proof, assurance, entered.action)

    def _require_sound(self, action: str) -> None:
        known = {adding(factor) for factor in self._kit.factors}
        if action.startswith(RESERVED) and action not in known:
            expected = f"actions that begin so are {', '.join(sorted(known))}; choose another word"
            raise InputInvalid(InputFault(expected, "/action"))

    async def _factor(self, person: Person, wish: Wish) -> str:
        """Return the factor to ask for: the wanted one, else the one that was used last.

        Raises:
            NotFound: one answer for whoever is not known, and for whoever cannot use it.

        """
        async with self._kit.store.read() as tx:
            usable = (await portfolio_in(tx, self._kit, person)).usable
            held = await tx.authenticators.of(person)
        fitting = [
            item.factor
            for item in held
            if item.usable and item.factor in usable and wish.authenticator in (None, item.id)
        ]
        found = [factor for factor in usable if factor in fitting and wish.factor in ("", factor)]
        if not found:
            message = (
                "there is nothing of this kind that the person could use now; see their status"
            )
            raise NotFound(message)
        return found[0]


async def asked(deliveries: Deliveries, kit: Kit, challenge: Challenge) -> Asked:
    """Return the step with where its message went, and when it can be sent once more."""
    if not kit.factors[challenge.factor].traits.channel:
        return Asked(challenge)
    async with kit.store.read() as tx:
        latest = await tx.outbox.latest(challenge.id)
    to = next((masked(post.contact.channel, post.contact.to) for post in latest), "")
    return Asked(challenge, to, await deliveries.again_at(challenge))
